"""The address of a client."""

from ipaddress import IPv6Address, IPv6Network
from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


def client_address(request: HttpRequest | Request) -> str:
    """Return the client's IP address; for IPv6 its /64 network, because one client has all 2**64 addresses of it."""
    ident: str = BaseThrottle().get_ident(cast("Request", request))
    try:
        address = IPv6Address(ident)
    except ValueError:
        return ident
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
