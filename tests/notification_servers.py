#!/usr/bin/env python3
"""A mail server and an HTTPS endpoint that write down what they take.

notification_servers.py smtp PORT CERTIFICATE KEY FILE USER PASSWORD: STARTTLS and AUTH are required.
notification_servers.py https PORT CERTIFICATE KEY FILE [STATUS]: answers each POST with STATUS, 204 if there is none.
FILE: a line of JSON each, on the disk before the answer."""
import base64
import json
import os
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

kind, port, certificate, key, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate, key)


def keep(record):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def serve_smtp(user, password):
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    class Keeper:
        async def handle_DATA(self, server, session, envelope):
            keep({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                  "user": session.auth_data.login.decode(), "data": base64.b64encode(envelope.content).decode()})
            return "250 taken"

    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=False, auth_data=data if good else None)

    Controller(Keeper(), hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True,
               authenticator=authenticate, auth_required=True).start()
    while True:
        time.sleep(60)


def serve_https(status):
    class Keeper(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            keep({"path": self.path, "headers": dict(self.headers), "body": body.decode()})
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Keeper)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if kind == "smtp":
    serve_smtp(sys.argv[6], sys.argv[7])
else:
    serve_https(int(sys.argv[6]) if len(sys.argv) > 6 else 204)
