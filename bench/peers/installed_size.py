"""Prints {"bytes", "cudaBytes"}: the installed files of the distributions NAME… with all their dependencies.

From the environment's metadata (the RECORD of each). CUDA's own distributions (nvidia-*, cuda-*, triton) are counted
separately: PyPI's Linux wheels of PyTorch include them, used or not.
"""
import json
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution

from pip._vendor.packaging.requirements import Requirement

CUDA = re.compile(r'nvidia-|cuda-|triton$')


def canonical(name):
    return re.sub(r'[-_.]+', '-', name).lower()


def needed(requirement, extras):
    """Whether its marker holds here, with one of the extras that were asked for or with none."""
    return requirement.marker is None or any(requirement.marker.evaluate({'extra': extra}) for extra in ('', *extras))


def closure(names):
    """{name: distribution}; one that is required but not installed is an error."""
    found, seen, waiting = {}, set(), [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        name = canonical(wanted.name)
        if (name, *sorted(wanted.extras)) in seen:
            continue
        seen.add((name, *sorted(wanted.extras)))
        found[name] = distribution(name)
        required = [Requirement(text) for text in found[name].requires or ()]
        waiting += [each for each in required if needed(each, wanted.extras)]
    return found


def size(found):
    paths = {file.locate() for file in found.files or ()}
    return sum(path.stat().st_size for path in paths if path.is_file())


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit('usage: installed_size.py NAME…')
    try:
        sizes = {name: size(each) for name, each in closure(sys.argv[1:]).items()}
    except PackageNotFoundError as error:
        sys.exit(f'not installed: {error.name}')
    cuda = sum(bytes for name, bytes in sizes.items() if CUDA.match(name))
    print(json.dumps(dict(bytes=sum(sizes.values()) - cuda, cudaBytes=cuda)))
