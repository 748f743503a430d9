#include "terminal.h"

#include <sys/ioctl.h>

/* ioctl() takes variable arguments, which Swift cannot call. */

int martlet_terminal_columns(int file) {
    struct winsize size;
    return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int martlet_terminal_rows(int file) {
    struct winsize size;
    return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}
