"""The rules of the portable profile: what each refuses, and what to write instead."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what is wrong, with `{what}` for the place's own words, and what helps."""

    id: str
    sentence: "_StrPromise"
    remedy: "_StrPromise"


_ALL = (
    # --- What can be read ---
    Rule("syntax", _("Rumus ini tidak terbaca di dekat “{what}”."),
         _("Periksa tanda kurung, tanda kutip dan nama pertanyaan.")),
    Rule("long", _("Rumus ini terlalu panjang atau terlalu dalam."),
         _("Bagi menjadi beberapa baris calculate.")),
    Rule("function", _("Fungsi “{what}” tidak dikenal."),
         _("Periksa ejaannya. pulldata(), random() dan uuid() tidak dipakai.")),
    Rule("arguments", _("Isi di dalam kurung fungsi “{what}” kurang, lebih, atau salah jenis."),
         _("Hitung kembali bagian di dalam kurung.")),
    Rule("path", _("“{what}” tidak menunjuk pertanyaan mana pun."),
         _("Pakai ${nama} dari lembar survey. Teks bawaan ditulis tanpa tanda hitung.")),
    Rule("instance", _("Daftar pilihan “{what}” tidak ada di buku kerja ini."),
         _("Tulis daftarnya di lembar choices. Berkas luar tidak dipakai.")),
    Rule("choices", _("“{what}” bukan pertanyaan pilihan."),
         _("Tunjuk pertanyaan select_one atau select_multiple.")),
    Rule("cycle", _("“{what}” bergantung pada dirinya sendiri."),
         _("Putuskan lingkarannya: hapus satu dari rumus yang saling menunjuk.")),
    Rule("forward", _("Baris ini bergantung pada “{what}”, yang baru ditanyakan kemudian."),
         _("Pindahkan pertanyaan itu ke atas baris ini.")),
    Rule("own-rows", _("Jumlah baris ini bergantung pada isi barisnya sendiri (“{what}”)."),
         _("Hitung jumlahnya dari pertanyaan di luar pengulangan.")),
    # --- What engines understand differently ---
    Rule("many", _("“{what}” punya satu jawaban per baris, tetapi dipakai sebagai satu nilai."),
         _("Pakai sum(), count(), join() atau indexed-repeat().")),
    Rule("position", _("position() hanya berlaku di dalam pengulangan, sebagai position(..)."),
         _("Tulis position(..) pada baris calculate di dalam pengulangan.")),
    Rule("index", _("Nomor baris di dalam kurung siku tidak dipakai."),
         _("Pakai indexed-repeat(${nama}, ${pengulangan}, nomor).")),
    Rule("anywhere", _("Tanda // tidak dipakai."), _("Tulis ${nama}.")),
    Rule("exponent", _("Angka “{what}” memakai pangkat."), _("Tulis angkanya lengkap, misalnya 1000.")),
    Rule("union", _("Tanda | tidak dipakai di dalam rumus."), _("Tulis tiap nama sendiri, dipisah koma.")),
    Rule("nested", _("Ada saringan di dalam saringan."), _("Bagi menjadi dua baris calculate.")),
    Rule("once", _("once() ada di dalam rumus lain."), _("Tulis once(…) di luar seluruh rumus calculate.")),
    Rule("rows", _("{what}() menghitung baris, tetapi isinya bukan nama pertanyaan."),
         _("Tulis satu ${nama} di dalam kurung.")),
    Rule("anchors", _("Pola “{what}” tidak dimulai dengan ^ dan diakhiri dengan $."),
         _("Tulis polanya sebagai '^…$'.")),
    Rule("pattern", _("Pola “{what}” tidak dipakai: bukan teks tetap, atau memakai tanda khusus."),
         _("Tulis pola sebagai teks dalam tanda kutip, tanpa (?=…) dan tanpa \\1.")),
    Rule("boolean-calculation", _("Hasil calculate ini ya atau tidak."),
         _("Tulis if(…, 1, 0).")),
    Rule("blank-rows", _("{what}() memakai jawaban yang mungkin kosong."),
         _("Tambahkan calculate coalesce(${nama}, 0), lalu pakai namanya.")),
    Rule("bare-condition", _("Syarat ini hanya sebuah nama: “{what}”."),
         _("Bandingkan: ${nama} = 'ya', atau ${nama} != ''.")),
    Rule("quoted-number", _("Angka dibandingkan dengan teks “{what}”."),
         _("Tulis angkanya tanpa tanda kutip.")),
    Rule("quoted-date", _("Tanggal dibandingkan dengan “{what}”."),
         _("Tulis date('2024-01-31').")),
    Rule("date-arithmetic", _("Ada hitungan dengan tanggal di luar date(…)."),
         _("Tulis date(${tanggal} + 7), atau hitung dengan decimal-date-time().")),
    Rule("blank-date", _("date() menghitung dengan “{what}”, yang mungkin kosong."),
         _("Tulis if(${nama} != '', …, '').")),
    Rule("blank-number", _("Hitungan yang mungkin kosong dipakai sebagai teks."),
         _("Hitung di baris calculate sendiri, lalu pakai namanya.")),
    Rule("format", _("Bentuk tanggal “{what}” tidak dipahami sama di semua perangkat."),
         _("Pakai %Y, %y, %m, %n, %b, %d, %e, %H, %h, %M, %S atau %3.")),
    Rule("choice-name-rows", _("jr:choice-name menunjuk pengulangan yang mungkin kosong."),
         _("Pakai jr:choice-name di dalam baris pengulangan itu sendiri.")),
    Rule("trigger", _("Nilai “{what}” mengikuti perubahan jawaban lain (kolom trigger)."),
         _("Hapus isi kolom trigger. Pakai calculate biasa.")),
    Rule("date-calculation", _("Hasil calculate ini sebuah tanggal."),
         _("Tulis format-date(…, '%Y-%m-%d').")),
    Rule("moment", _("date() memotong jam dari “{what}”."),
         _("Tulis format-date(${nama}, '%Y-%m-%d').")),
    Rule("number-as-text", _("Angka desimal “{what}” dipakai sebagai teks."),
         _("Tulis calculate round(${nama}, 1), lalu pakai namanya.")),
    Rule("hidden-rows", _("Baris “{what}” dihitung, padahal mungkin tidak ditanyakan."),
         _("Hapus relevant dari pengulangan. Pakai repeat_count: if(…, jumlah, 0).")),
    # --- What the sheet says ---
    Rule("signs", _("Ada tanda tak terlihat di dalam sel."),
         _("Ketik ulang sel yang disalin dari program lain, lalu simpan.")),
    Rule("column", _("Kolom “{what}” tidak dikenal dan isinya akan hilang."),
         _("Perbaiki namanya atau hapus kolomnya.")),
    Rule("sheet", _("Lembar “{what}” tidak dipakai."), _("Hapus lembar itu.")),
    Rule("type", _("Jenis pertanyaan “{what}” tidak bisa diisi di sini."),
         _("Pakai text, integer, decimal, date, time, select_one, select_multiple atau note.")),
    Rule("label", _("“{what}” belum punya teks untuk dibaca."), _("Isi kolom label.")),
    Rule("translation", _("Teks ini belum ada dalam bahasa “{what}”."),
         _("Isi kolomnya untuk setiap bahasa.")),
    Rule("message", _("Ada constraint tanpa pesan."),
         _("Isi constraint_message: katakan apa yang benar, tanpa menyalahkan.")),
    Rule("compartment", _("Baris ini belum punya bagian rekam (“{what}”)."),
         _("Isi kolom compartment pada grup atau baris: identity, incident, health, …")),
    Rule("flow", _("Isi “{what}” akan ikut terbaca di bagian rekam yang lebih terbuka."),
         _("Pindahkan baris ini ke bagian yang sama, atau jangan pakai jawaban itu di sini.")),
    Rule("stat", _("Kode statistik “{what}” tidak ada di buku kode."),
         _("Pakai kode dari buku kode, atau kosongkan.")),
    Rule("profile", _("Profil “{what}” tidak dikenal."),
         _("Tulis anonymous-report, intake, assessment, plan atau feedback di lembar settings.")),
    Rule("device", _("“{what}” mengenali perangkat atau tempat pelapor."),
         _("Hapus baris ini. Laporan tanpa nama tidak mengambil data perangkat.")),
    Rule("required-identity", _("Pertanyaan identitas “{what}” wajib diisi."),
         _("Laporan tanpa nama tidak boleh mewajibkan identitas. Hapus required.")),
    # --- How much ---
    Rule("many-questions", _("Kuesioner ini terlalu besar (“{what}”)."),
         _("Paling banyak 1.000 pertanyaan. Bagi menjadi beberapa kuesioner.")),
    Rule("many-choices", _("Daftar “{what}” terlalu panjang."),
         _("Paling banyak 500 pilihan untuk satu daftar.")),
)  # fmt: skip

RULES = {rule.id: rule for rule in _ALL}
# What a problem of the compiler is called among the rules, where it has another name.
NAMES = {"sign": "syntax", "deep": "long", "itemset": "path"}
