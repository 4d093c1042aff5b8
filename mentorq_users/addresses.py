"""From where a request comes."""

from ipaddress import IPv6Address, IPv6Network
from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


def client_address(request: HttpRequest | Request) -> str:
    """Return the client's address; of an IPv6 one its network, because each client has 2**64 addresses to try from."""
    ident: str = BaseThrottle().get_ident(cast("Request", request))
    try:
        address = IPv6Address(ident)
    except ValueError:
        return ident
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
