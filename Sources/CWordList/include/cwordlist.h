#pragma once
#include <stddef.h>

/// The text of Sources/Web/Page/words.txt, as it was when the program was built; static memory, no zero at the end.
const unsigned char *_Nonnull martlet_word_list_bytes(void);

/// How many bytes it has.
size_t martlet_word_list_count(void);
