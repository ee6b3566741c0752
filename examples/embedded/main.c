/*
 * Reads images of a model's size from stdin, one byte a pixel, and prints the class of each with its probability.
 *
 *     node dist/coordinator export results/latest --to examples/embedded/digits.h --name digits --int8
 *     cc -std=c99 -O2 examples/embedded/main.c -o digits -lm
 *     ./digits < images
 *
 * On a microcontroller, digits_predict is called the same way with the pixels of a camera: it needs no operating
 * system, no heap and no file.
 */
#include <stdio.h>

#include "digits.h"

int main(void)
{
    uint8_t input[DIGITS_INPUTS];
    float probabilities[DIGITS_CLASSES];
    while (fread(input, sizeof input, 1, stdin) == 1) {
        const int index = digits_predict(input, probabilities);
        printf("%s %.4f\n", digits_labels[index], (double)probabilities[index]);
    }
    return 0;
}
