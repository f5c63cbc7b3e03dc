"""The proxy through which functions reach the API and the distribution by their names on AWS."""

import unittest

from gatehouse_cloud.tunnel import Tunnels

from .harness import CloudTest

CALLER = """
import http.client, os, ssl
from urllib.parse import urlsplit

def handle(event):
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    trusted = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=5, context=trusted)
    connection.set_tunnel(event["host"], 443)
    try:
        connection.request("GET", "/path")
        response = connection.getresponse()
        return {"status": response.status, "body": response.read().decode()}
    except OSError as error:
        return {"error": str(error)}
"""
ECHO = """
def handle(event):
    return {"statusCode": 200, "body": "answered " + event["rawPath"]}
"""


class TunnelTest(CloudTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cloud.function("asks", CALLER, cls.cloud.role("asks"))
        answers = cls.cloud.function("answers", ECHO, cls.cloud.role("answers"))
        cls.api = cls.cloud.api(answers)

    def test_a_function_reaches_the_api_over_tls_by_its_name(self):
        response = self.cloud.invoke("asks", {"host": f"{self.api}.execute-api.us-east-1.amazonaws.com"})
        self.assertEqual(response, {"status": 200, "body": "answered /path"})

    def test_a_function_reaches_no_other_host(self):
        response = self.cloud.invoke("asks", {"host": "example.com"})
        self.assertIn("403 Forbidden", response["error"])


class TargetTest(unittest.TestCase):
    def test_only_names_of_this_cloud_have_a_target(self):
        tunnels = Tunnels(1, 2)
        for request, port in {
            "CONNECT abcdefgh12.execute-api.us-east-1.amazonaws.com:443 HTTP/1.1": 1,
            "CONNECT d111111abcdef8.cloudfront.net:443 HTTP/1.1": 2,
            "CONNECT d111111abcdef8.cloudfront.net:80 HTTP/1.1": None,
            "CONNECT d111111abcdef8.cloudfront.net.example.com:443 HTTP/1.1": None,
            "CONNECT example.com:443 HTTP/1.1": None,
            "GET http://d111111abcdef8.cloudfront.net:443 HTTP/1.1": None,
            "": None,
        }.items():
            with self.subTest(request):
                self.assertEqual(tunnels.target(request + "\r\n\r\n"), port)
