// The page's files inside the program. `#embed` (C23) puts them there as static data: no copying at start, nothing that
// has to lie beside the program. A file that is added to Sources/Web/Page needs its two lines here.

#include "cwebassets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// The one file that is not the page's own: TweetNaCl, as Debian packages it.
#if !__has_embed("/usr/share/nodejs/tweetnacl/nacl-fast.min.js")
#error "TweetNaCl is missing: install Debian's package node-tweetnacl (apt-get install --no-install-recommends node-tweetnacl)"
#endif

static const unsigned char app_js[] = {
#embed "../Web/Page/app.js"
};
static const unsigned char attempt_js[] = {
#embed "../Web/Page/attempt.js"
};
static const unsigned char bytes_js[] = {
#embed "../Web/Page/bytes.js"
};
static const unsigned char chat_js[] = {
#embed "../Web/Page/chat.js"
};
static const unsigned char chatconnection_js[] = {
#embed "../Web/Page/chatconnection.js"
};
static const unsigned char code_js[] = {
#embed "../Web/Page/code.js"
};
static const unsigned char coverage_js[] = {
#embed "../Web/Page/coverage.js"
};
static const unsigned char cpace_js[] = {
#embed "../Web/Page/cpace.js"
};
static const unsigned char download_js[] = {
#embed "../Web/Page/download.js"
};
static const unsigned char draw_js[] = {
#embed "../Web/Page/draw.js"
};
static const unsigned char entry_js[] = {
#embed "../Web/Page/entry.js"
};
static const unsigned char exchange_js[] = {
#embed "../Web/Page/exchange.js"
};
static const unsigned char failures_js[] = {
#embed "../Web/Page/failures.js"
};
static const unsigned char filecard_css[] = {
#embed "../Web/Page/filecard.css"
};
static const unsigned char filecard_js[] = {
#embed "../Web/Page/filecard.js"
};
static const unsigned char filechannel_js[] = {
#embed "../Web/Page/filechannel.js"
};
static const unsigned char fileoffer_js[] = {
#embed "../Web/Page/fileoffer.js"
};
static const unsigned char handover_js[] = {
#embed "../Web/Page/handover.js"
};
static const unsigned char have_js[] = {
#embed "../Web/Page/have.js"
};
static const unsigned char holdings_js[] = {
#embed "../Web/Page/holdings.js"
};
static const unsigned char hostexchange_js[] = {
#embed "../Web/Page/hostexchange.js"
};
static const unsigned char hosting_js[] = {
#embed "../Web/Page/hosting.js"
};
static const unsigned char hostrooms_js[] = {
#embed "../Web/Page/hostrooms.js"
};
static const unsigned char hostscreens_js[] = {
#embed "../Web/Page/hostscreens.js"
};
static const unsigned char incomingfiles_js[] = {
#embed "../Web/Page/incomingfiles.js"
};
static const unsigned char index_html[] = {
#embed "../Web/Page/index.html"
};
static const unsigned char intake_js[] = {
#embed "../Web/Page/intake.js"
};
static const unsigned char introductions_js[] = {
#embed "../Web/Page/introductions.js"
};
static const unsigned char invitation_js[] = {
#embed "../Web/Page/invitation.js"
};
static const unsigned char journal_js[] = {
#embed "../Web/Page/journal.js"
};
static const unsigned char lab_css[] = {
#embed "../Web/Page/lab.css"
};
static const unsigned char labcard_js[] = {
#embed "../Web/Page/labcard.js"
};
static const unsigned char labconnection_js[] = {
#embed "../Web/Page/labconnection.js"
};
static const unsigned char labcontrols_js[] = {
#embed "../Web/Page/labcontrols.js"
};
static const unsigned char labflow_js[] = {
#embed "../Web/Page/labflow.js"
};
static const unsigned char labguest_js[] = {
#embed "../Web/Page/labguest.js"
};
static const unsigned char labrun_js[] = {
#embed "../Web/Page/labrun.js"
};
static const unsigned char labscreen_js[] = {
#embed "../Web/Page/labscreen.js"
};
static const unsigned char labstrip_js[] = {
#embed "../Web/Page/labstrip.js"
};
static const unsigned char labticker_js[] = {
#embed "../Web/Page/labticker.js"
};
static const unsigned char labtimers_js[] = {
#embed "../Web/Page/labtimers.js"
};
static const unsigned char labtraffic_js[] = {
#embed "../Web/Page/labtraffic.js"
};
static const unsigned char labwire_js[] = {
#embed "../Web/Page/labwire.js"
};
static const unsigned char labwords_js[] = {
#embed "../Web/Page/labwords.js"
};
static const unsigned char link_js[] = {
#embed "../Web/Page/link.js"
};
static const unsigned char logo_svg[] = {
#embed "../Web/Page/logo.svg"
};
static const unsigned char looks_js[] = {
#embed "../Web/Page/looks.js"
};
static const unsigned char movement_js[] = {
#embed "../Web/Page/movement.js"
};
static const unsigned char nacl_js[] = {
#embed "/usr/share/nodejs/tweetnacl/nacl-fast.min.js"
};
static const unsigned char offline_js[] = {
#embed "../Web/Page/offline.js"
};
static const unsigned char offlineattempt_js[] = {
#embed "../Web/Page/offlineattempt.js"
};
static const unsigned char outgoing_js[] = {
#embed "../Web/Page/outgoing.js"
};
static const unsigned char outgoingfiles_js[] = {
#embed "../Web/Page/outgoingfiles.js"
};
static const unsigned char pace_js[] = {
#embed "../Web/Page/pace.js"
};
static const unsigned char pack_js[] = {
#embed "../Web/Page/pack.js"
};
static const unsigned char packworker_js[] = {
#embed "../Web/Page/packworker.js"
};
static const unsigned char pairfiles_js[] = {
#embed "../Web/Page/pairfiles.js"
};
static const unsigned char peer_js[] = {
#embed "../Web/Page/peer.js"
};
static const unsigned char plan_js[] = {
#embed "../Web/Page/plan.js"
};
static const unsigned char receiver_js[] = {
#embed "../Web/Page/receiver.js"
};
static const unsigned char reorder_js[] = {
#embed "../Web/Page/reorder.js"
};
static const unsigned char rooms_js[] = {
#embed "../Web/Page/rooms.js"
};
static const unsigned char screens_js[] = {
#embed "../Web/Page/screens.js"
};
static const unsigned char scripts_js[] = {
#embed "../Web/Page/scripts.js"
};
static const unsigned char seal_js[] = {
#embed "../Web/Page/seal.js"
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
static const unsigned char sources_js[] = {
#embed "../Web/Page/sources.js"
};
static const unsigned char stores_js[] = {
#embed "../Web/Page/stores.js"
};
static const unsigned char style_css[] = {
#embed "../Web/Page/style.css"
};
static const unsigned char sw_js[] = {
#embed "../Web/Page/sw.js"
};
static const unsigned char talk_css[] = {
#embed "../Web/Page/talk.css"
};
static const unsigned char talk_js[] = {
#embed "../Web/Page/talk.js"
};
static const unsigned char talkfiles_js[] = {
#embed "../Web/Page/talkfiles.js"
};
static const unsigned char talkguest_js[] = {
#embed "../Web/Page/talkguest.js"
};
static const unsigned char talkhost_js[] = {
#embed "../Web/Page/talkhost.js"
};
static const unsigned char talkrows_js[] = {
#embed "../Web/Page/talkrows.js"
};
static const unsigned char talkscreen_js[] = {
#embed "../Web/Page/talkscreen.js"
};
static const unsigned char talkstore_js[] = {
#embed "../Web/Page/talkstore.js"
};
static const unsigned char text_js[] = {
#embed "../Web/Page/text.js"
};
static const unsigned char transfer_js[] = {
#embed "../Web/Page/transfer.js"
};
static const unsigned char tree_js[] = {
#embed "../Web/Page/tree.js"
};
static const unsigned char view_js[] = {
#embed "../Web/Page/view.js"
};
static const unsigned char visit_js[] = {
#embed "../Web/Page/visit.js"
};
static const unsigned char words_js[] = {
#embed "../Web/Page/words.js"
};
static const unsigned char words_txt[] = {
#embed "../Web/Page/words.txt"
};
static const unsigned char zip_js[] = {
#embed "../Web/Page/zip.js"
};

#define ASSET(name, bytes) {name, bytes, sizeof bytes}

static const martlet_web_asset assets[] = {
    ASSET("app.js", app_js),
    ASSET("attempt.js", attempt_js),
    ASSET("bytes.js", bytes_js),
    ASSET("chat.js", chat_js),
    ASSET("chatconnection.js", chatconnection_js),
    ASSET("code.js", code_js),
    ASSET("coverage.js", coverage_js),
    ASSET("cpace.js", cpace_js),
    ASSET("download.js", download_js),
    ASSET("draw.js", draw_js),
    ASSET("entry.js", entry_js),
    ASSET("exchange.js", exchange_js),
    ASSET("failures.js", failures_js),
    ASSET("filecard.css", filecard_css),
    ASSET("filecard.js", filecard_js),
    ASSET("filechannel.js", filechannel_js),
    ASSET("fileoffer.js", fileoffer_js),
    ASSET("handover.js", handover_js),
    ASSET("have.js", have_js),
    ASSET("holdings.js", holdings_js),
    ASSET("hostexchange.js", hostexchange_js),
    ASSET("hosting.js", hosting_js),
    ASSET("hostrooms.js", hostrooms_js),
    ASSET("hostscreens.js", hostscreens_js),
    ASSET("incomingfiles.js", incomingfiles_js),
    ASSET("index.html", index_html),
    ASSET("intake.js", intake_js),
    ASSET("introductions.js", introductions_js),
    ASSET("invitation.js", invitation_js),
    ASSET("journal.js", journal_js),
    ASSET("lab.css", lab_css),
    ASSET("labcard.js", labcard_js),
    ASSET("labconnection.js", labconnection_js),
    ASSET("labcontrols.js", labcontrols_js),
    ASSET("labflow.js", labflow_js),
    ASSET("labguest.js", labguest_js),
    ASSET("labrun.js", labrun_js),
    ASSET("labscreen.js", labscreen_js),
    ASSET("labstrip.js", labstrip_js),
    ASSET("labticker.js", labticker_js),
    ASSET("labtimers.js", labtimers_js),
    ASSET("labtraffic.js", labtraffic_js),
    ASSET("labwire.js", labwire_js),
    ASSET("labwords.js", labwords_js),
    ASSET("link.js", link_js),
    ASSET("logo.svg", logo_svg),
    ASSET("looks.js", looks_js),
    ASSET("movement.js", movement_js),
    ASSET("nacl.js", nacl_js),
    ASSET("offline.js", offline_js),
    ASSET("offlineattempt.js", offlineattempt_js),
    ASSET("outgoing.js", outgoing_js),
    ASSET("outgoingfiles.js", outgoingfiles_js),
    ASSET("pace.js", pace_js),
    ASSET("pack.js", pack_js),
    ASSET("packworker.js", packworker_js),
    ASSET("pairfiles.js", pairfiles_js),
    ASSET("peer.js", peer_js),
    ASSET("plan.js", plan_js),
    ASSET("receiver.js", receiver_js),
    ASSET("reorder.js", reorder_js),
    ASSET("rooms.js", rooms_js),
    ASSET("screens.js", screens_js),
    ASSET("scripts.js", scripts_js),
    ASSET("seal.js", seal_js),
    ASSET("sender.js", sender_js),
    ASSET("session.js", session_js),
    ASSET("sha256.js", sha256_js),
    ASSET("sources.js", sources_js),
    ASSET("stores.js", stores_js),
    ASSET("style.css", style_css),
    ASSET("sw.js", sw_js),
    ASSET("talk.css", talk_css),
    ASSET("talk.js", talk_js),
    ASSET("talkfiles.js", talkfiles_js),
    ASSET("talkguest.js", talkguest_js),
    ASSET("talkhost.js", talkhost_js),
    ASSET("talkrows.js", talkrows_js),
    ASSET("talkscreen.js", talkscreen_js),
    ASSET("talkstore.js", talkstore_js),
    ASSET("text.js", text_js),
    ASSET("transfer.js", transfer_js),
    ASSET("tree.js", tree_js),
    ASSET("view.js", view_js),
    ASSET("visit.js", visit_js),
    ASSET("words.js", words_js),
    ASSET("words.txt", words_txt),
    ASSET("zip.js", zip_js),
};

static const size_t count = sizeof assets / sizeof assets[0];

size_t martlet_web_asset_count(void) { return count; }

martlet_web_asset martlet_web_asset_at(size_t index) { return assets[index < count ? index : count - 1]; }
