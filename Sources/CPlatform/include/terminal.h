#pragma once
#include <stddef.h>

/* How wide the terminal at file is, in columns; 0 when it is no terminal or does not know. */
int martlet_terminal_columns(int file);

/* The same in rows. */
int martlet_terminal_rows(int file);

/* What a terminal hands over in raw mode. */
enum martlet_raw_mode {
    /* Single keys without echo, for a line editor. */
    martlet_raw_keys,
    /* Every byte as it comes, echoed: lines of more than 4095 bytes arrive whole. */
    martlet_raw_bytes,
};

/* Takes the terminal at file to a raw mode, for one reader at a time. Signals of the keyboard stay.
 * Whatever ends the process from here on puts the terminal back first: exit(), a trap, every signal that can be caught. A
 * process that is stopped gives the terminal back, and takes it again when it goes on in the foreground. Returns 0, or -1 with errno. */
int martlet_raw_mode_enter(int file, enum martlet_raw_mode mode);

/* In raw mode: has the terminal at file, which the program draws on, mark what is pasted (ESC [ 200 ~ before, ESC [ 201 ~
 * behind it; xterm's "bracketed paste"). It ends with raw mode, in every way that ends. */
void martlet_raw_mode_mark_pastes(int file);

/* Puts the terminal back as it was. Does nothing where it was not taken. */
void martlet_raw_mode_leave(void);

/* Whether the process was stopped and goes on in the background: the terminal is somebody else's. Takes it again when the
 * process is in the foreground. */
int martlet_raw_mode_away(void);

/* Whether the process was stopped and goes on since the last call: what stood on the screen has to be drawn again. */
int martlet_raw_mode_resumed(void);
