"""Writes of responses to the connection."""

import http.client
import socket

from .harness import CloudTest


class ResponseWritesTest(CloudTest):
    def test_head_and_body_come_in_one_write(self):
        with socket.create_connection(("127.0.0.1", self.cloud.port)) as connection:
            for path in ("/_ministack/health", "/_gatehouse/instance", "/_gatehouse/nothing"):
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                head, _, body = connection.recv(1 << 20).partition(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
                self.assertEqual(len(body), int(length.split()[1]), path)

    def test_a_response_without_a_body_is_complete(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=5)
        self.addCleanup(connection.close)
        for _ in range(2):
            connection.request("HEAD", "/_ministack/health")
            self.assertEqual(connection.getresponse().read(), b"")
