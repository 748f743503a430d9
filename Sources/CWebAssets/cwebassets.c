// The page's files inside the program. `#embed` (C23) puts them there as static data: no copying at start, nothing that
// has to lie beside the program. A file that is added to Sources/Web/Page needs its two lines here.

#include "cwebassets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char app_js[] = {
#embed "../Web/Page/app.js"
};
static const unsigned char bytes_js[] = {
#embed "../Web/Page/bytes.js"
};
static const unsigned char failures_js[] = {
#embed "../Web/Page/failures.js"
};
static const unsigned char index_html[] = {
#embed "../Web/Page/index.html"
};
static const unsigned char link_js[] = {
#embed "../Web/Page/link.js"
};
static const unsigned char logo_svg[] = {
#embed "../Web/Page/logo.svg"
};
static const unsigned char peer_js[] = {
#embed "../Web/Page/peer.js"
};
static const unsigned char receiver_js[] = {
#embed "../Web/Page/receiver.js"
};
static const unsigned char rooms_js[] = {
#embed "../Web/Page/rooms.js"
};
static const unsigned char sender_js[] = {
#embed "../Web/Page/sender.js"
};
static const unsigned char session_js[] = {
#embed "../Web/Page/session.js"
};
static const unsigned char sha256_js[] = {
#embed "../Web/Page/sha256.js"
};
static const unsigned char sink_js[] = {
#embed "../Web/Page/sink.js"
};
static const unsigned char style_css[] = {
#embed "../Web/Page/style.css"
};
static const unsigned char sw_js[] = {
#embed "../Web/Page/sw.js"
};
static const unsigned char text_js[] = {
#embed "../Web/Page/text.js"
};
static const unsigned char transfer_js[] = {
#embed "../Web/Page/transfer.js"
};
static const unsigned char view_js[] = {
#embed "../Web/Page/view.js"
};

#define ASSET(name, bytes) {name, bytes, sizeof bytes}

static const martlet_web_asset assets[] = {
    ASSET("app.js", app_js),
    ASSET("bytes.js", bytes_js),
    ASSET("failures.js", failures_js),
    ASSET("index.html", index_html),
    ASSET("link.js", link_js),
    ASSET("logo.svg", logo_svg),
    ASSET("peer.js", peer_js),
    ASSET("receiver.js", receiver_js),
    ASSET("rooms.js", rooms_js),
    ASSET("sender.js", sender_js),
    ASSET("session.js", session_js),
    ASSET("sha256.js", sha256_js),
    ASSET("sink.js", sink_js),
    ASSET("style.css", style_css),
    ASSET("sw.js", sw_js),
    ASSET("text.js", text_js),
    ASSET("transfer.js", transfer_js),
    ASSET("view.js", view_js),
};

static const size_t count = sizeof assets / sizeof assets[0];

size_t martlet_web_asset_count(void) { return count; }

martlet_web_asset martlet_web_asset_at(size_t index) { return assets[index < count ? index : count - 1]; }
