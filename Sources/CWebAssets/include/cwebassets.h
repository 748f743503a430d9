#pragma once
#include <stddef.h>

/// One file of the page, as it was when the program was built. All memory is static.
typedef struct {
    /// File name, as in the URL path behind the slash.
    const char *_Nonnull name;
    const unsigned char *_Nonnull bytes;
    size_t count;
} martlet_web_asset;

/// How many files the page has.
size_t martlet_web_asset_count(void);

/// The file number `index`; an index beyond the end gives the last file.
martlet_web_asset martlet_web_asset_at(size_t index);
