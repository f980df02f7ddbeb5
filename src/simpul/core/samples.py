"""Sample data that shows every component on the page /components/; everybody in it is invented."""

import datetime as dt
from typing import Any

from django import forms
from django.core.paginator import Paginator

FOUR_ANSWERS = [("yes", "Ya"), ("no", "Tidak"), ("unknown", "Tidak tahu"), ("skip", "Lewati")]


class Sample(forms.Form):
    """One field of every kind."""

    use_required_attribute = False

    wish = forms.CharField(
        label="Apa yang penyintas inginkan?",
        help_text="Tulis dengan kata-katanya sendiri.",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    safe = forms.ChoiceField(
        label="Apakah sekarang aman untuk bicara?",
        choices=FOUR_ANSWERS,
        widget=forms.RadioSelect,
        required=False,
    )
    needs = forms.MultipleChoiceField(
        label="Apa yang dibutuhkan hari ini?",
        help_text="Pilih sebanyak yang perlu.",
        error_messages={"required": "Pilih satu, atau lewati langkah ini."},
        choices=[
            ("health", "Dirawat atau diperiksa"),
            ("shelter", "Tempat aman malam ini"),
            ("legal", "Penjelasan tentang pilihan hukum, sebelum memutuskan apa pun"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    region = forms.ChoiceField(
        label="Kabupaten atau kota",
        choices=[("", "Pilih bila tahu"), ("tts", "Timor Tengah Selatan"), ("ktk", "Kota Kupang")],
        required=False,
    )
    on = forms.DateField(
        label="Tanggal kunjungan",
        widget=forms.DateInput(attrs={"type": "date"}),
        required=False,
    )
    agreed = forms.BooleanField(
        label="Penyintas setuju laporan ini dibagi ke Klinik Melati", required=False
    )


def components(now: dt.datetime) -> dict[str, Any]:
    """Return the context of core/components.html; clocks stand around `now` (aware)."""
    hour = dt.timedelta(hours=1)
    day = dt.timedelta(days=1)

    def link(label: str, current: bool = False) -> dict[str, Any]:
        return {"label": label, "url": "#main", "current": current}

    return {
        "now": now,
        "desk_name": "UPTD PPA Kota Kupang · Meja pengaduan",
        "home_url": "#main",
        "sign_out_url": "#main",
        "idle_minutes": 15,
        "demo": True,
        "other_language_url": "#main",
        "other_language_name": "English",
        "other_language_code": "en",
        "navigation": [
            link("Hari ini"),
            link("Laporan"),
            link("Kasus", current=True),
            link("Rujukan"),
            link("Direktori"),
            link("Jaringan"),
        ],
        "tabs": [
            link("Ringkasan", current=True),
            link("Catatan"),
            link("Asesmen"),
            link("Rencana"),
            link("Rujukan"),
            link("Hak"),
            link("Keselamatan"),
            link("Izin"),
            link("Riwayat"),
        ],
        "facts": [
            {
                "label": "Keinginan penyintas",
                "text": "“Saya mau tempat tidur yang aman dulu. Polisi nanti saya pikirkan.”",
                "wish": True,
                "wide": True,
            },
            {
                "label": "Cara kontak yang aman",
                "text": "Telepon hari kerja, jam 10 sampai 12. Sebut diri “toko kain”.",
            },
            {
                "label": "Langkah berikutnya",
                "text": "Antar ke Klinik Melati",
                "due_at": now + 5 * hour,
            },
            {"label": "Risiko", "text": "", "level": "high"},
        ],
        "lines": [
            {
                "title": "Teruskan laporan ke polisi",
                "url": "#main",
                "note": "K7Q2-MXBD · penyintas sudah setuju",
                "due_at": now - 3 * hour,
                "level": "high",
                "act_url": "#main",
                "act_label": "Teruskan",
            },
            {
                "title": "Balas laporan baru",
                "url": "#main",
                "note": "Kabupaten Belu",
                "due_at": now + 2 * hour,
                "act_url": "#main",
                "act_label": "Balas",
            },
            {
                "title": "Jawab rujukan dari Rumah Aman Lontar",
                "url": "#main",
                "note": "Butuh tempat tinggal untuk dua orang",
                "due_at": now + 2 * day,
                "level": "medium",
                "act_url": "#main",
                "act_label": "Jawab",
            },
        ],
        "page": Paginator(range(312), 50).page(2),
        "table": {
            "caption": "Kasus di meja ini",
            "columns": [
                {"label": "Kasus", "url": "?sort=ref", "order": "ascending"},
                {"label": "Langkah berikutnya"},
                {"label": "Pemilik kasus", "url": "?sort=owner"},
                {"label": "Hari"},
            ],
            "rows": [
                {"url": "#main", "cells": ["K7Q2-MXBD", "Antar ke klinik", "Pekerja sosial", 4]},
                {"url": "#main", "cells": ["H4RT-92PV", "Rapat kasus", "Manajer kasus", 12]},
                {"url": "#main", "cells": ["B8WN-5KJC", "Kunjungan rumah", "Pendamping", 31]},
            ],
        },
        "form": Sample({"wish": "Tempat aman, dan kabar untuk kakak.", "safe": "yes"}),
        "kept": [("step", "2")],
        "clocks": [
            {
                "label": "Teruskan laporan ke polisi",
                "due_at": now - 3 * hour,
                "started_at": now - 75 * hour,
                "basis_kind": "law",
                "basis": "UU 12/2022 pasal 41 ayat 2",
            },
            {
                "label": "Jawaban pertama dari manusia",
                "due_at": now + 5 * hour,
                "started_at": now - 19 * hour,
                "basis_kind": "choice",
                "basis": "paling lama satu hari",
            },
            {
                "label": "Penjangkauan",
                "due_at": now + 4 * day,
                "started_at": now - day,
                "basis_kind": "procedure",
                "basis": "SOP UPTD PPA, 120 jam",
                "zone": "Asia/Jayapura",
            },
            {
                "label": "Rapat kasus",
                "due_at": now + 6 * day,
                "started_at": now - day,
                "paused_at": now - 2 * hour,
                "basis_kind": "choice",
                "basis": "paling lama tujuh hari",
            },
        ],
        "levels": ["unknown", "low", "medium", "high", "immediate"],
        "entries": [
            {
                "at": now - hour,
                "who": "Manajer kasus",
                "title": "Izin dicatat",
                "text": "Penyintas mengizinkan Klinik Melati membaca bagian kesehatan.",
            },
            {
                "at": now - day,
                "who": "Petugas pengaduan",
                "title": "Kasus dibuka dari laporan",
                "url": "#main",
            },
            {"at": now - 2 * day, "title": "Laporan masuk"},
        ],
    }
