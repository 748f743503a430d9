#pragma once
#include <sys/types.h>

/* Starts a program at arguments[0], a path, in a process group of its own: input and output become its standard input and output, errors
 * its standard error (-1: ours), and nothing else that is open here reaches it. Signals are those of a new program, whatever this one
 * ignores or holds back. arguments ends with NULL. Returns 0, or an error number and starts nothing. */
int martlet_spawn(pid_t *process, char *const arguments[], int input, int output, int errors);

/* Whether a child has ended; it stays there, and with it its number and that of its group, until martlet_reap. Also true for
 * one that is no child of ours (any more). */
int martlet_has_ended(pid_t process);

/* Takes a child that has ended away. Returns its exit code (0 to 255), minus the number of the signal that ended it, or -1000 where the
 * system does not tell: whoever ignores SIGCHLD has no children to ask for. */
int martlet_reap(pid_t process);
