#pragma once
#include <stddef.h>

/* Overwrites a part of an argument where the system keeps it and shows it to every user of the machine (ps(1),
 * /proc/PID/cmdline). index counts from 0, the program's name; what lies outside of the argument is left alone. The
 * strings that were read from the arguments before are not touched. */
void martlet_blank_argument(size_t index, size_t from, size_t count);
