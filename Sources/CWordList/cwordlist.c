// The list of words as static data. The page gets the same file over HTTP, hence its place.

#include "cwordlist.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char words[] = {
#embed "../Web/Page/words.txt"
};

const unsigned char *martlet_word_list_bytes(void) { return words; }

size_t martlet_word_list_count(void) { return sizeof words; }
