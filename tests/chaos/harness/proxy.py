"""A network of the harness's own, between the program and a server."""

import os
import socket
import struct
import threading
import time

COMMIT = b'COMMIT\0'


class Proxy:
    """Passes on what both sides say, and does wrong when it is told to.  An
    address is a path, or a port of 127.0.0.1.  A thread for each direction of
    each connection: a few dozen at most."""

    def __init__(self, server, here=None):
        self.server = server
        self.lock = threading.Lock()
        self.pairs = set()
        self.delay = 0.0
        self.open = threading.Event()  # cleared: it swallows all
        self.open.set()
        self.refuses = False
        self.cut_at = None  # (before or after, commits to let pass)
        self.cuts = 0
        self._listen(here)
        threading.Thread(target=self._accept, daemon=True).start()

    def _listen(self, here):
        if here is None:
            self.listener = socket.socket()
            self.listener.bind(('127.0.0.1', 0))
            self.address = self.listener.getsockname()[1]
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(here)
            os.chmod(here, 0o777)
            self.address = here
        self.listener.listen(100)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            threading.Thread(target=self._converse, args=(client,),
                             daemon=True).start()

    def _converse(self, client):
        try:
            server = connect(self.server)
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self.lock:
            self.pairs.add(pair)
        back = threading.Thread(target=self._pass, daemon=True,
                                args=(server, client, pair, self._answer))
        back.start()
        self._pass(client, server, pair, self._question)
        back.join()
        with self.lock:
            self.pairs.discard(pair)
        for side in pair:
            side.close()

    def _pass(self, source, target, pair, look):
        try:
            while piece := source.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                self.open.wait()
                piece = look(piece, pair)
                if piece:
                    target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            hang_up(pair)

    def _question(self, piece, pair):
        """Cut before a COMMIT: the server never gets it."""
        at = piece.find(COMMIT)
        if at < 0 or not self._is_cut('before'):
            return piece
        pair[1].sendall(piece[:at])
        hang_up(pair)
        return b''

    def _answer(self, piece, pair):
        """Cut after a COMMIT: the server has done it, and nobody hears."""
        if piece.find(COMMIT) < 0 or not self._is_cut('after'):
            return piece
        hang_up(pair)
        return b''

    def _is_cut(self, where):
        with self.lock:
            if self.cut_at is None or self.cut_at[0] != where:
                return False
            left = self.cut_at[1] - 1
            self.cut_at = (where, left) if left > 0 else None
            self.cuts += left <= 0
            return left <= 0

    def cut(self):
        """End all connections.  \\return how many."""
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            hang_up(pair)
        return len(pairs)

    def heal(self):
        self.delay = 0.0
        self.refuses = False
        self.cut_at = None
        self.open.set()

    def close(self):
        self.heal()
        self.listener.close()
        self.cut()
        if isinstance(self.address, str) and os.path.exists(self.address):
            os.unlink(self.address)


def connect(address):
    if isinstance(address, int):
        return socket.create_connection(('127.0.0.1', address))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    return connection


def hang_up(pair):
    """Both sides see a reset where there is such a thing."""
    for side in pair:
        try:
            if side.family == socket.AF_INET:
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack('ii', 1, 0))
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
