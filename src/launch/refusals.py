"""The few pages that the server answers with before the product is asked."""

from html import escape
from http import HTTPStatus

# By status code: two sentences in Indonesian, the same in English.
SENTENCES = {
    400: (
        "Belum terkirim. Muat ulang halaman, lalu coba lagi.",
        "Not sent yet. Reload the page, then try again.",
    ),
    411: (
        "Belum terkirim. Coba kirim lagi dengan peramban lain.",
        "Not sent yet. Try again with another browser.",
    ),
    413: (
        "Belum terkirim karena terlalu besar. Kembali, lalu pilih berkas yang lebih kecil.",
        "Not sent yet: it is too large. Go back, then choose a smaller file.",
    ),
    500: (
        "Ada masalah di pihak kami. Coba lagi sebentar.",
        "Something went wrong on our side. Try again in a moment.",
    ),
    503: (
        "Belum terkirim. Tunggu satu menit, lalu kirim lagi.",
        "Not sent yet. Wait a minute, then send it again.",
    ),
}
SAME_AS = {431: 400, 501: 411}

HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
]


def page(code: int) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status line, headers and body for a status code."""
    indonesian, english = SENTENCES.get(SAME_AS.get(code, code), SENTENCES[500])
    body = (
        '<!doctype html><html lang="id"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Simpul</title>'
        f'<p>{escape(indonesian)}<p lang="en">{escape(english)}'
    )
    headers = [*HEADERS, ("Retry-After", "60")] if code == 503 else HEADERS
    return f"{code} {HTTPStatus(code).phrase}", headers, body.encode()
