#pragma once
#include "http/message.h"

namespace certwright::gateway::web {

// Did a page of ours make the browser send this? By Sec-Fetch-Site, which no script can set (W3C Fetch
// Metadata); where a browser has none, by Origin, which must be https:// and the Host. With neither: no.
bool is_same_origin(const http::RequestHead& head);

// Did another site make it send this? By the same two; where neither says anything, no: it is no browser.
bool is_cross_site(const http::RequestHead& head);

}  // namespace certwright::gateway::web
