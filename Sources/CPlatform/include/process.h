#pragma once
#include <sys/types.h>

/* Starts a program at arguments[0], a path, in a process group of its own: input and output become its standard input and output, errors
 * its standard error (-1: ours), and nothing else that is open here reaches it. Signals are those of a new program, whatever this one
 * ignores or holds back. arguments ends with NULL. Returns 0, or an error number and starts nothing. */
int martlet_spawn(pid_t *process, char *const arguments[], int input, int output, int errors);
