#pragma once
// For tests: a browser in front of the pages, with a cookie jar of one.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/pages/page.h"
#include "gateway/pages/pages_door.h"
#include "gateway/web/cookie.h"
#include "gateway/web/testing_request.h"
#include "gateway/web/web_handler.h"
#include "notification/inbox.h"
#include "session/csrf.h"
#include "session/testing_accounts.h"

namespace certwright::gateway::pages::testing {

struct Site {
  explicit Site(PortalPort* portal = nullptr) {
    auto routes = pages_routes({world.accounts, world.sessions, world.authenticator, inbox, portal});
    web::WebOptions options;
    options.error_page = error_page;
    options.on_internal_error = [this](const web::InternalError& error) { internal_error = error.detail; };
    handler = web::WebHandler::create({.authenticator = world.authenticator,
                                       .clock = world.clock,
                                       .random = world.random,
                                       .metrics = metrics,
                                       .journal = &world.journal,
                                       .sessions = &world.sessions},
                                      std::move(routes), std::move(options))
                  .value();
  }
  session::testing::World world;
  notification::Inbox inbox{world.store, world.journal, world.clock};
  metrics::Registry metrics;
  std::string internal_error;
  std::unique_ptr<web::WebHandler> handler;
};

class Browser {
 public:
  explicit Browser(Site& site) : Browser(*site.handler) {}
  explicit Browser(web::WebHandler& handler) : handler_(handler) {}

  http::Response get(std::string target) { return keep(handler_.handle(web::testing::make_request("GET", std::move(target), headers()))); }
  // As the form of our page would send it, with the token of the session.
  http::Response post(std::string target, std::vector<std::pair<std::string, std::string>> fields) {
    std::string body;
    if (!cookie.empty()) fields.emplace_back("csrf", session::csrf_token(cookie));
    for (const auto& [name, value] : fields) body += http::percent_encode(name) + "=" + http::percent_encode(value) + "&";
    auto all = headers();
    all.add("Sec-Fetch-Site", "same-origin");
    all.add("Content-Type", "application/x-www-form-urlencoded");
    return keep(handler_.handle(web::testing::make_request("POST", std::move(target), std::move(all), body)));
  }
  // The same as multipart/form-data, the fields in `files` as files.
  http::Response post_files(std::string target, std::vector<std::pair<std::string, std::string>> fields,
                            std::vector<std::pair<std::string, std::string>> files) {
    std::string body;
    fields.emplace_back("csrf", session::csrf_token(cookie));
    for (const auto& [name, value] : fields)
      body += "--bound\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    for (const auto& [name, value] : files)
      body += "--bound\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"a.csr\"\r\n\r\n" + value + "\r\n";
    auto all = headers();
    all.add("Sec-Fetch-Site", "same-origin");
    all.add("Content-Type", "multipart/form-data; boundary=bound");
    return keep(handler_.handle(web::testing::make_request("POST", std::move(target), std::move(all), body + "--bound--\r\n")));
  }
  http::Response sign_in(std::string name, std::string password, std::string next = "/") {
    return post("/sign-in", {{"name", std::move(name)}, {"password", std::move(password)}, {"next", std::move(next)}});
  }

  std::string cookie;  // the session's id; empty: none

 private:
  http::Headers headers() const {
    http::Headers all{{"Host", "ca.example"}};
    if (!cookie.empty()) all.add("Cookie", std::string(web::kSessionCookie) + "=" + cookie);
    return all;
  }
  http::Response keep(http::Response response) {
    const std::string set(response.headers.get("Set-Cookie"));
    const std::string begin = std::string(web::kSessionCookie) + "=";
    if (set.starts_with(begin)) cookie = set.substr(begin.size(), set.find(';') - begin.size());
    return response;
  }
  web::WebHandler& handler_;
};

inline bool has(const http::Response& response, std::string_view text) {
  return response.body.text().find(text) != std::string_view::npos;
}

}  // namespace certwright::gateway::pages::testing
