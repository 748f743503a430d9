#include "arguments.h"

#include <string.h>

#if defined(__APPLE__)
#include <crt_externs.h>

static char **arguments(int *count) {
    *count = *_NSGetArgc();
    return *_NSGetArgv();
}
#else
static int kept_count;
static char **kept;

/* glibc hands the arguments of main() to every constructor. */
__attribute__((constructor)) static void keep(int count, char **arguments) {
    kept_count = count;
    kept = arguments;
}

static char **arguments(int *count) {
    *count = kept ? kept_count : 0;
    return kept;
}
#endif

void martlet_blank_argument(size_t index, size_t from, size_t count) {
    int argument_count;
    char **all = arguments(&argument_count);
    if (index >= (size_t)argument_count || !all[index]) return;
    size_t length = strlen(all[index]);
    if (from >= length) return;
    /* Volatile: nothing here reads it again, and still it must happen. */
    volatile char *argument = all[index];
    for (size_t i = from; i < length && i - from < count; i++) argument[i] = '*';
}
