"""The security headers of every answer."""

from __future__ import annotations

from typing import Final

IMAGES: Final = "img-src 'self' http: https:"
CONTENT_SECURITY_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        IMAGES,
        "media-src http: https:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types livelog",
    ]
)

SECURITY_HEADERS: Final = {
    "Server": "Livelog",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
