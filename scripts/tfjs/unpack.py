"""Extracts the C library of TensorFlow and the headers that tfjs-node's binding needs from the wheel.

usage: unpack.py WHEEL FOLDER    makes FOLDER/lib and FOLDER/include
"""
import os
import shutil
import sys
import zipfile

LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']
HEADERS = [
    'tensorflow/c/c_api.h',
    'tensorflow/c/c_api_macros.h',
    'tensorflow/c/eager/c_api.h',
    'tensorflow/c/tf_attrtype.h',
    'tensorflow/c/tf_buffer.h',
    'tensorflow/c/tf_datatype.h',
    'tensorflow/c/tf_status.h',
    'tensorflow/c/tf_tensor.h',
    'tensorflow/c/tf_tstring.h',
    'tensorflow/core/platform/ctstring.h',
    'tensorflow/core/platform/ctstring_internal.h',
    'tsl/platform/ctstring.h',
    'tsl/platform/ctstring_internal.h',
    'xla/tsl/c/tsl_status.h',
]

wheel_file, folder = sys.argv[1:]
members = {f'tensorflow/{name}': f'lib/{name}' for name in LIBRARIES}
members |= {f'tensorflow/include/{name}': f'include/{name}' for name in HEADERS}
with zipfile.ZipFile(wheel_file) as wheel:
    for member, name in members.items():
        target = os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with wheel.open(member) as source, open(target, 'wb') as out:
            shutil.copyfileobj(source, out, 1 << 20)
