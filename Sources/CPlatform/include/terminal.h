#pragma once

/* How wide the terminal at file is, in columns; 0 when it is no terminal or does not know. */
int martlet_terminal_columns(int file);

/* The same in rows. */
int martlet_terminal_rows(int file);
