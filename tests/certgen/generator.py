"""A client of the UDP certificate generator that shares no code with the product: python3-msgpack
decodes, openssl judges. And the processes that the tests start."""
import collections, glob, json, os, random, re, shutil, signal, socket, subprocess, sys, tempfile, time

import msgpack

# What the caller's shell is set up for is not what is tested.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CERTWRIGHT_")}


def free_port(family, host):
    """Below the ports that the kernel gives to whoever asks for any, so that nobody takes it until it is used."""
    above = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
    while True:
        port = random.randrange(10000, max(above, 20000))
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as tried:
                tried.bind((host, port))
            return port
        except OSError:
            pass

Answer = collections.namedtuple("Answer", "keys host service usage pem key ttl octets")


def request(host, service=0, usage=0, cert=None):
    fields = {1: host, 2: service, 4: usage}
    if cert is not None:
        fields[3] = cert
    return msgpack.packb(fields)


def decode(datagram):
    fields = msgpack.unpackb(datagram, strict_map_key=False, object_pairs_hook=lambda pairs: pairs)
    by_key = dict(fields)
    assert isinstance(by_key[3], str) and isinstance(by_key[4], bytes), "cert is not text or key is not octets"
    return Answer([k for k, _ in fields], by_key[1], by_key[2], by_key[6], by_key[3], by_key[4], by_key[5], len(datagram))


class Client:
    """One connected socket, as g3proxy has: it hears only the address it asked."""

    def __init__(self, endpoint, source=None):
        host, port = endpoint.rsplit(":", 1)
        host = host.strip("[]")
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        if source:
            self.socket.bind((source, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.connect((host, int(port)))

    def send(self, datagram):
        self.socket.send(datagram)

    def receive(self, timeout=4.0):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(65535)
        except (TimeoutError, socket.timeout):
            return None

    def ask(self, datagram, timeout=4.0):
        self.send(datagram)
        raw = self.receive(timeout)
        return None if raw is None else decode(raw)


def openssl(*arguments, stdin=None):
    done = subprocess.run(("openssl",) + arguments, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace")


def certificates(pem):
    return re.findall(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", pem, re.S)


def problems(answer, root, host=None, at=None, check_time=True):
    """What is wrong with an answer, by openssl's judgement; empty if nothing."""
    found = []
    if answer.keys != [1, 2, 6, 3, 4, 5]:
        found.append(f"keys {answer.keys}")
    if answer.octets > 16384:
        found.append(f"{answer.octets} octets")
    chain = certificates(answer.pem)
    with tempfile.TemporaryDirectory() as folder:
        leaf, others, key = (os.path.join(folder, name) for name in ("leaf", "others", "key"))
        open(leaf, "w").write(chain[0])
        open(others, "w").write("".join(chain[1:]) or chain[0])
        open(key, "wb").write(answer.key)
        arguments = ["verify", "-x509_strict", "-CAfile", root, "-untrusted", others, "-purpose", "sslserver"]
        if not check_time:
            arguments += ["-no_check_time"]
        elif at is not None:
            arguments += ["-attime", str(at)]
        if host is not None:
            arguments += ["-verify_ip" if re.fullmatch(r"[0-9.]+|.*:.*", host) else "-verify_hostname", host]
        code, said = openssl(*arguments, leaf)
        if code != 0:
            found.append(said)
        _, of_leaf = openssl("x509", "-in", leaf, "-noout", "-pubkey")
        _, of_key = openssl("pkey", "-inform", "DER", "-in", key, "-pubout")
        if of_leaf != of_key:
            found.append("the key is not the certificate's")
    return found


def text_of(answer):
    return openssl("x509", "-noout", "-text", stdin=certificates(answer.pem)[0].encode())[1]


class Process:
    """A certwright that runs, with its standard error in a file."""

    started = []

    def __init__(self, arguments, folder, environment=None, pass_socket=None):
        Process.started.append(self)
        self.process = None
        self.log_path = tempfile.mktemp(dir=folder)
        self.arguments, self.environment, self.socket = arguments, environment or {}, pass_socket
        self.start()

    def start(self):
        environment = dict(ENVIRONMENT, **self.environment)
        log = open(self.log_path, "ab")
        if self.socket is None:
            self.process = subprocess.Popen(self.arguments, stderr=log, stdout=log, env=environment)
            return
        # As systemd does: the socket is descriptor 3, LISTEN_PID is the process's own.
        shell = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=certgen exec "$@"'
        number = self.socket.fileno()
        self.process = subprocess.Popen(["sh", "-c", shell + f" 3<&{number}", "sh"] + self.arguments, stderr=log, stdout=log,
                                        env=environment, pass_fds=[number])

    def log(self):
        return open(self.log_path, errors="replace").read()

    def wait_for(self, pattern, seconds=60, count=1):
        deadline = time.time() + seconds
        while time.time() < deadline:
            found = re.findall(pattern, self.log())
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{pattern} not in the log:\n{self.log()}")

    def tell(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, seconds=60):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    @classmethod
    def kill_all(cls):
        for one in cls.started:
            if one.process is not None and one.process.poll() is None:
                one.process.kill()
                one.process.wait()


class Traffic:
    """Asks for a host every few milliseconds while something happens, and counts what was answered in
    the client's four seconds."""

    def __init__(self, endpoint, every=0.004, cert=None):
        self.client, self.every, self.cert = Client(endpoint), every, cert
        self.sent, self.answered = 0, set()

    def run(self, seconds, hosts=None):
        self.client.socket.setblocking(False)
        end, next_at = time.time() + seconds, time.time()
        while time.time() < end:
            if time.time() >= next_at:
                self.client.send(request(f"host{self.sent % hosts if hosts else self.sent}.example", cert=self.cert))
                self.sent += 1
                next_at += self.every
            self.drain()
            time.sleep(0.001)

    def drain(self):
        while True:
            try:
                self.answered.add(decode(self.client.socket.recv(65535)).host)
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionRefusedError:
                raise RuntimeError("the port was closed: a real client would be lost now")

    def lost(self):
        deadline = time.time() + 4
        while len(self.answered) < self.sent and time.time() < deadline:
            self.drain()
            time.sleep(0.01)
        return self.sent - len(self.answered)


BINARY = os.path.realpath(sys.argv[1])
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
DATA = ROOT + "/src/gateway/certgen/testdata"
WORK = tempfile.mkdtemp()
passed = failed = 0
DAEMONS = []  # process ids of what put itself into the background
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # through `finally`


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
        print("ok   ", name, flush=True)
    else:
        failed += 1
        print("FAIL ", name, str(detail)[:1500], flush=True)


def run(*arguments, **environment):
    done = subprocess.run((BINARY,) + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          env=dict(ENVIRONMENT, **environment))
    return done.returncode, done.stdout.decode(errors="replace")


def write(name, text):
    path = os.path.join(WORK, name)
    open(path, "w").write(text)
    return path


def generator(*arguments, fake_time=None, listen="127.0.0.1:0", config=None, binary=None, environment=None, **keywords):
    command = [binary or BINARY, "certgen", "-v", "-c", config or CONFIG] + list(arguments)
    environment = dict(environment or {}, **({"UDP_LISTEN_ADDR": listen} if listen else {}))
    if fake_time:  # the library alone: the program faketime would stand between us and the process
        environment.update(LD_PRELOAD=glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0], FAKETIME=f"@{fake_time}")
    process = Process(command, WORK, environment, **keywords)
    process.endpoint = process.wait_for(r'ready endpoint="([^"]+)"')
    return process


def upstream(name, key, *extensions, subject="/CN=www.example.com", v1=False):
    """A self-signed certificate made by openssl, DER."""
    path = os.path.join(WORK, name)
    algorithm = {"rsa2048": ["rsa:2048"], "rsa4096": ["rsa:4096"], "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
                 "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "ed25519": ["ed25519"], "pss": ["rsa-pss"]}[key]
    lines = ["[req]", "distinguished_name=dn", "[dn]", "[v3]"] + list(extensions)
    arguments = ["req", "-x509", "-newkey"] + algorithm + ["-nodes", "-keyout", path + ".key", "-out", path + ".pem", "-subj", subject,
                 "-days", "60", "-config", write(name + ".cnf", "\n".join(lines))] + ([] if v1 else ["-extensions", "v3"])
    code, said = openssl(*arguments)
    assert code == 0, said
    openssl("x509", "-in", path + ".pem", "-outform", "DER", "-out", path + ".der")
    return open(path + ".der", "rb").read()


def own_address():
    """An address of this host that is not loopback, or None. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.254", 9))
        except OSError:
            return None
        own = probe.getsockname()[0]
    return None if own.startswith("127.") else own


def eventually(holds, seconds=30):
    """What `holds` gives once it gives something true; else what it gave last."""
    deadline = time.time() + seconds
    while True:
        value = holds()
        if value or time.time() > deadline:
            return value
        time.sleep(0.05)


def clean_up():
    Process.kill_all()
    for pid in DAEMONS:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(WORK, ignore_errors=True)


def finish():
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0 or passed == 0)


CONFIG = write("g3fcgen.yaml", f"backend:\n  ca_certificate: {DATA}/test-ec-ca.crt\n  ca_private_key: {DATA}/test-ec-ca.key\n")
