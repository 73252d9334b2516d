#!/usr/bin/env python3
"""A mail server and an HTTPS endpoint that write down what they take.

notification_servers.py smtp PORT CERTIFICATE KEY FILE USER PASSWORD: STARTTLS and AUTH are required.
notification_servers.py exim PORT CERTIFICATE KEY FILE USER PASSWORD FOLDER: the same by Debian's exim4, which must be root's here.
notification_servers.py https PORT CERTIFICATE KEY FILE [STATUS]: answers each POST with STATUS, 204 if there is none.
FILE: a line of JSON each, on the disk before the answer, which waits as long as there is FILE.silent (not exim's)."""
import asyncio
import base64
import json
import os
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

kind, port, certificate, key, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
if kind in ("smtp", "https"):
    tls.load_cert_chain(certificate, key)


def keep(record):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def is_silent():
    return os.path.exists(path + ".silent")


def serve_smtp(user, password):
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    class Keeper:
        async def handle_DATA(self, server, session, envelope):
            keep({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                  "user": session.auth_data.login.decode(), "data": base64.b64encode(envelope.content).decode()})
            while is_silent():
                await asyncio.sleep(0.1)
            return "250 taken"

    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=False, auth_data=data if good else None)

    Controller(Keeper(), hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True,
               authenticator=authenticate, auth_required=True).start()
    while True:
        time.sleep(60)


EXIM = """
primary_hostname = mail.example
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
local_interfaces = 127.0.0.1
tls_certificate = {certificate}
tls_privatekey = {key}
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = recipient
deliver_drop_privilege = true
queue_only = false
begin acl
recipient:
  accept authenticated = *
         encrypted = *
  deny message = sign in over TLS first
begin routers
everybody:
  driver = accept
  transport = keep
begin transports
keep:
  driver = pipe
  command = {python} {script} keep 0 - - {path}
  batch_max = 100
  message_prefix =
  message_suffix =
  envelope_to_add
  headers_add = Seen-By-Exim: $authenticated_id $received_protocol $sender_address
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


def serve_exim(user, password, folder):
    """A mail transfer agent as it is in use: it queues, and a pipe of its own takes what it delivers."""
    import pwd, shutil
    account = pwd.getpwnam("Debian-exim")
    os.makedirs(folder + "/spool", exist_ok=True)
    for name, source in (("certificate", certificate), ("key", key)):
        shutil.copy(source, f"{folder}/{name}")
    configuration = EXIM.format(folder=folder, certificate=folder + "/certificate", key=folder + "/key", python="/usr/bin/python3",
                                script=os.path.abspath(sys.argv[0]), path=path, user=user, password=password)
    with open(folder + "/exim.conf", "w", encoding="utf-8") as file:
        file.write(configuration)
    open(path, "a").close()
    for entry in (folder, folder + "/spool", folder + "/certificate", folder + "/key", folder + "/exim.conf", path):
        os.chown(entry, account.pw_uid, account.pw_gid)
    os.setgroups([]), os.setgid(account.pw_gid), os.setuid(account.pw_uid)
    os.execv("/usr/sbin/exim4", ["exim4", "-bdf", "-C", folder + "/exim.conf", "-oX", str(port), "-oP", folder + "/pid"])


def keep_from_exim():
    data = sys.stdin.buffer.read()
    lines = data.split(b"\n")
    value = lambda name: next(line.split(b":", 1)[1].strip().decode() for line in lines if line.startswith(name))
    login, protocol, sender = value(b"Seen-By-Exim").split(" ")
    keep({"from": sender, "to": [to.strip() for to in value(b"Envelope-to").split(",")], "tls": protocol == "esmtpsa", "user": login,
          "data": base64.b64encode(data).decode()})


def serve_https(status):
    class Keeper(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            keep({"path": self.path, "headers": dict(self.headers), "body": body.decode()})
            while is_silent():
                time.sleep(0.1)
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
elif kind == "exim":
    serve_exim(sys.argv[6], sys.argv[7], sys.argv[8])
elif kind == "keep":
    keep_from_exim()
else:
    serve_https(int(sys.argv[6]) if len(sys.argv) > 6 else 204)
