"""A bucket, asked by none of the program's own code."""

import base64
import email.utils
import hmac
import http.client
import re
import threading
import urllib.parse

PREFIX = 'gitlab/'


class Bucket:
    """Requests are signed in S3's old way (version 2), which Swift still takes:
    one HMAC does it.  For any thread."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.local = threading.local()
        self._ask('PUT', '')

    def put(self, key, content):
        self._ask('PUT', key, content)

    def get(self, key):
        return self._ask('GET', key)

    def remove(self, key):
        self._ask('DELETE', key)

    def keys(self):
        found, marker = [], ''
        while True:
            text = self._ask('GET', '', query={'marker': marker}).decode()
            page = [urllib.parse.unquote(key) for key in
                    re.findall('<Key>([^<]*)</Key>', text)]
            found += page
            if '<IsTruncated>true' not in text or not page:
                return found
            marker = page[-1]

    def empty(self):
        for key in self.keys():
            self.remove(key)
        self._ask('DELETE', '')

    def _ask(self, method, key, content=b'', query=None):
        """\\return the body; None for what is not there."""
        path = f'/{self.name}' + (
            '/' + urllib.parse.quote(key) if key else '')
        date = email.utils.formatdate(usegmt=True)
        signed = hmac.digest(self.server.secret_key.encode(),
                             f'{method}\n\n\n{date}\n{path}'.encode(), 'sha1')
        asked = '?' + urllib.parse.urlencode(query) if query else ''
        status, body = self._send(method, path + asked, content, {
            'Date': date, 'Authorization': f'AWS {self.server.access_key}:'
            + base64.b64encode(signed).decode()})
        if status == 404:
            return None
        if status >= 300:
            raise RuntimeError(f'{method} {path}: {status} {body[:500]}')
        return body

    def _send(self, method, target, content, headers):
        for _ in range(2):
            connection = getattr(self.local, 'connection', None)
            if connection is None:
                connection = self.local.connection = http.client.HTTPConnection(
                    '127.0.0.1', self.server.port, timeout=60)
            try:
                connection.request(method, target, content, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
        raise RuntimeError(f'no answer to {method} {target}')
