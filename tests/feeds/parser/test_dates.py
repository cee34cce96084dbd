"""dates.py: every format that publishers write is read as the moment that it means, and half of a date is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.parser.date_words import MONTHS, WEEKDAYS, ZONES, plain
from feeds.parser.dates import plausible, read_date

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


MOMENT = utc(2023, 12, 16, 14, 2, 33)
MINUTE = utc(2023, 12, 16, 14, 2)
DAY = utc(2023, 12, 16)

READ = {
    "RFC 822 and its successors": (
        ("Sat, 16 Dec 2023 14:02:33 GMT", MOMENT),
        ("Sat, 16 Dec 2023 15:02:33 +0100", MOMENT),
        ("16 Dec 2023 14:02 -0000", MINUTE),
        ("Fri, 01 Dec 2023 09:00:00 EST", utc(2023, 12, 1, 14)),
        ("Sat,16 Dec 2023 15:02:33+0100", MOMENT),
        ("  Sat,\n 16  Dec 2023 14:02:33  GMT ", MOMENT),
        ("Sat, 16 Dec 2023 6:2:3 PST", utc(2023, 12, 16, 14, 2, 3)),
        ("SAT, 16 DEC 2023 14:02:33 gmt", MOMENT),
    ),
    "RFC 3339": (
        ("2023-12-16T14:02:33Z", MOMENT),
        ("2023-12-16T09:02:33-05:00", MOMENT),
        ("2023-12-16t14:02:33.000z", MOMENT),
        ("2023-12-16T14:02:33.25+00:00", MOMENT + timedelta(microseconds=250_000)),
        ("2023-12-16 14:02:33.123456789", MOMENT + timedelta(microseconds=123_456)),
    ),
    "ISO 8601": (
        ("20231216T140233Z", MOMENT),
        ("20231216T150233+0100", MOMENT),
        ("20231216T1402", MINUTE),
        ("20231216140233", MOMENT),
        ("20231216", DAY),
        ("2023-W50-6", DAY),
        ("2023W506T140233Z", MOMENT),
        ("2023-W50-6T15:02:33+01:00", MOMENT),
        ("2021-W53-7", None),
        ("2023-350", DAY),
        ("2023350T140233Z", MOMENT),
        ("2023-12-16T14Z", utc(2023, 12, 16, 14)),
        ("2023-12-16T14:02:33,5+0000", MOMENT + timedelta(microseconds=500_000)),
        ("2023-12-15T24:00:00Z", DAY),
        ("2016-12-31T23:59:60Z", utc(2017, 1, 1)),
        ("2023-12-16+01:00", utc(2023, 12, 15, 23)),
        ("2023-12-16-05:00", utc(2023, 12, 16, 5)),
    ),
    "AM and PM": (
        ("Sat, Dec 16 2023 02:02:33 PM", MOMENT),
        ("Friday, January 29, 2021 04:42 PM", utc(2021, 1, 29, 16, 42)),
        ("12/16/2023 2:02:33 pm", MOMENT),
        ("16 Dec 2023 12:30 AM", utc(2023, 12, 16, 0, 30)),
        ("16 Dec 2023 12:30 p.m.", utc(2023, 12, 16, 12, 30)),
        ("December 16, 2023 at 9:02 a.m. EST", MINUTE),
        ("Dec 16, 2023, 2:02:33 PM", MOMENT),
        ("Dec 16, 2023 2 PM", utc(2023, 12, 16, 14)),
        ("16 Dec 2023 14:02 PM", MINUTE),
        ("16 Dec 2023 14:02 AM", None),
    ),
    "slashes, dots and hyphens": (
        ("2023/12/16 14:02:33", MOMENT),
        ("2023/12/16", DAY),
        ("2023/1/2 3:04", utc(2023, 1, 2, 3, 4)),
        ("16/12/2023 14:02", MINUTE),
        ("12/16/2023 14:02", MINUTE),
        ("16-12-2023", DAY),
        ("05/05/2023", utc(2023, 5, 5)),
        ("16.12.2023 14:02", MINUTE),
        ("03.04.2023", utc(2023, 4, 3)),
        ("2023.12.16 14:02:33", MOMENT),
        ("2023-12-16 14:02:33", MOMENT),
        ("16/Dec/2023:14:02:33 +0000", MOMENT),
        ("03/04/2023", None),
        ("3-4-2023 10:00", None),
        ("16.12.23", None),
        ("13/13/2023", None),
        ("2023/12-16", None),
    ),
    "time zones": (
        ("2023-12-16 14:02:33 UTC", MOMENT),
        ("Sat, 16 Dec 2023 22:02:33 UTC+8", MOMENT),
        ("Sat, 16 Dec 2023 08:32:33 GMT-05:30", MOMENT),
        ("Sat, 16 Dec 2023 19:32:33 UTC +5:30", MOMENT),
        ("2023-12-16T15:02:33 +01", MOMENT),
        ("16.12.2023 15:02 MEZ", MINUTE),
        ("2023-12-16 23:02:33 JST", MOMENT),
        ("2023-12-16 22:02:33 +0800 CST", MOMENT),
        ("Sat Dec 16 2023 15:02:33 GMT+0100 (Central European Standard Time)", MOMENT),
        ("Sat, 16 Dec 2023 15:02:33 (CET)", MOMENT),
        ("2023-12-16T15:02:33+01:00[Europe/Berlin]", MOMENT),
        ("2023-12-16 09:02:33 America/Port-au-Prince", MOMENT),
        ("Jul 16, 2023 10:02 AM ET", utc(2023, 7, 16, 14, 2)),
        ("Dec 16, 2023 9:02 AM ET", MINUTE),
        ("Thu, 16 Dec 2023 14:02:33 Etc/GMT", MOMENT),
        ("Sat, 16 Dec 2023 14:02:33 XYZ", None),
        ("Sat, 16 Dec 2023 14:02:33 IST", None),
        ("Sat, 16 Dec 2023 14:02:33 +2500", None),
        ("Sat, 16 Dec 2023 14:02:33 Mars/Base", None),
        ("Sat, 16 Dec 2023 14:02:33 (about)", None),
    ),
    "seconds since 1970": (
        ("1702735353", MOMENT),
        ("1702735353000", MOMENT),
        ("1702735353000000", MOMENT),
        ("1702735353.5", MOMENT + timedelta(microseconds=500_000)),
        (1702735353, MOMENT),
        (1702735353000, MOMENT),
        (1702735353.5, MOMENT + timedelta(microseconds=500_000)),
        ("2026113012", None),
        ("170273535", None),
        (float("nan"), None),
        (True, None),
    ),
    "other orders": (
        ("Dec 16, 2023", DAY),
        ("Dec. 16, 2023 14:02", MINUTE),
        ("December 16th, 2023", DAY),
        ("Saturday, 16th of December, 2023", DAY),
        ("16-Dec-2023 14:02:33", MOMENT),
        ("16Dec2023", DAY),
        ("2023-Dec-16", DAY),
        ("2023 Dec 16 14:02", MINUTE),
        ("Sat Dec 16 14:02:33 2023", MOMENT),
        ("Sat Dec 16 09:02:33 EST 2023", MOMENT),
        ("14:02, 16 December 2023", MINUTE),
        ("14:02 16.12.2023", MINUTE),
        ("16 December 2023 - 14:02", MINUTE),
        ("Sat, 2023/12/16 09:02:33 EST", MOMENT),
    ),
    "years of two and three digits": (
        ("Sat, 16 Dec 23 14:02:33 GMT", MOMENT),
        ("16 Dec 49", utc(2049, 12, 16)),
        ("16 Dec 50", utc(1950, 12, 16)),
        ("Saturday, 16-Dec-23 14:02:33 GMT", MOMENT),
        ("Sat, 16 Dec 123 14:02:33 GMT", MOMENT),
        ("Dec 16 99", utc(1999, 12, 16)),
    ),
    "German": (
        ("Sa, 16 Dez 2023 15:02:33 +0100", MOMENT),
        ("Samstag, 16. Dezember 2023, 14:02 Uhr", MINUTE),
        ("1. März 2023 um 9:05 Uhr", utc(2023, 3, 1, 9, 5)),
        ("Mo., 2. Jän. 2023", utc(2023, 1, 2)),
    ),
    "French": (
        ("mer, 16 nov 2022 00:38:15 +0100", utc(2022, 11, 15, 23, 38, 15)),
        ("sam. 16 déc. 2023 à 14h02", MINUTE),
        ("1er août 2023", utc(2023, 8, 1)),
        ("mar. 14 févr. 2023 14:02", utc(2023, 2, 14, 14, 2)),
    ),
    "Spanish": (
        ("sáb, 16 dic 2023 14:02:33 GMT", MOMENT),
        ("sábado, 16 de diciembre de 2023 14:02", MINUTE),
        ("mié, 4 ene 2023", utc(2023, 1, 4)),
        ("16 de septiembre del 2023, 2:02 p. m.", utc(2023, 9, 16, 14, 2)),
    ),
    "Italian": (
        ("sab, 16 dic 2023 15:02:33 +0100", MOMENT),
        ("sabato 16 dicembre 2023 alle ore 14:02", MINUTE),
        ("lunedì 5 giugno 2023", utc(2023, 6, 5)),
        ("gio, 13 lug 2023", utc(2023, 7, 13)),
    ),
    "Portuguese": (
        ("sáb, 16 dez 2023 11:02:33 -0300", MOMENT),
        ("sábado, 16 de dezembro de 2023 às 14:02", MINUTE),
        ("terça-feira, 7 de março de 2023", utc(2023, 3, 7)),
        ("seg, 2 out 2023", utc(2023, 10, 2)),
    ),
    "Dutch": (
        ("za, 16 dec 2023 15:02:33 +0100", MOMENT),
        ("zaterdag 16 december 2023 om 14:02 uur", MINUTE),
        ("wo 1 mrt. 2023", utc(2023, 3, 1)),
        ("2 mei 2023", utc(2023, 5, 2)),
    ),
    "Russian": (
        ("Сб, 16 дек 2023 17:02:33 +0300", MOMENT),
        ("16 декабря 2023 г., 14:02", MINUTE),
        ("суббота, 16 декабря 2023 года в 14:02", MINUTE),
        ("9 мая 2023", utc(2023, 5, 9)),
    ),
    "Polish": (
        ("sob, 16 gru 2023 15:02:33 +0100", MOMENT),
        ("sobota, 16 grudnia 2023 r., 14:02", MINUTE),
        ("śr, 5 paź 2022", utc(2022, 10, 5)),
        ("1 września 2023 o godz. 8:00", utc(2023, 9, 1, 8)),
    ),
    "Swedish and its neighbours": (
        ("lör, 16 dec 2023 15:02:33 +0100", MOMENT),
        ("lördag 16 december 2023 kl. 14:02", MINUTE),
        ("ons 3 maj 2023", utc(2023, 5, 3)),
        ("lørdag 16. desember 2023 kl. 14:02", MINUTE),
    ),
    "Chinese, Japanese and Korean": (
        ("2023年12月16日", DAY),
        ("2023年12月16日 星期六 下午2:02", MINUTE),
        ("2023年12月16日(土) 14時02分33秒", MOMENT),
        ("2023年1月2日 14点02分", utc(2023, 1, 2, 14, 2)),
        ("2023년 12월 16일 토요일 오후 2:02", MINUTE),
        ("2023-12-16 오후 2:02:33", MOMENT),
        ("2023. 12. 16. 14:02", MINUTE),
        ("2023-12-16 14:02:33", MOMENT),
    ),
    "what feedparser knows beside": (
        ("Κυρ, 16 Ιούλ 2023 17:08:00 EEST", utc(2023, 7, 16, 14, 8)),
        ("2004-július-13T9:15-05:00", utc(2004, 7, 13, 14, 15)),
        ("2004년 05월 28일  01:31:15", utc(2004, 5, 28, 1, 31, 15)),
    ),
    "a weekday that is wrong": (
        ("Mon, 16 Dec 2023 14:02:33 GMT", MOMENT),
        ("Sunday, December 16, 2023 2:02 PM", MINUTE),
        ("dimanche 16 décembre 2023", DAY),
    ),
    "half of a date": (
        ("2023", None),
        ("2023-12", None),
        ("December 2023", None),
        ("2023-W50", None),
        ("16 Dec", None),
        ("14:02:33", None),
        ("Sat", None),
    ),
    "no date": (
        ("", None),
        ("yesterday", None),
        ("2 hours ago", None),
        ("2023-02-30", None),
        ("Sat, 31 Sep 2023 14:02:33 GMT", None),
        ("2023-12-16 25:00", None),
        ("2023-12-16 14:60", None),
        ("2023-366", None),
        ("2023-12-16 14:02 15:03", None),
        ("Foo, 16 Dec 2023 14:02:33 GMT", None),
        ("16 Foo 2023", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("16 Dec 2023" + 100 * " !", None),
        (None, None),
        (7, None),
        (["2026-01-01"], None),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "moment"),
    [pytest.param(*pair, id=f"{kind}: {pair[0]!r}"[:80]) for kind, pairs in READ.items() for pair in pairs],
)
def test_a_date_is_read_wholly_or_not_at_all(written: object, moment: datetime | None) -> None:
    assert read_date(written) == moment


@pytest.mark.parametrize("kind", READ)
def test_each_kind_has_a_date_and_its_neighbours(kind: str) -> None:
    assert len(READ[kind]) >= 3


NAMES = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "jan": "jan feb mar apr may jun jul aug sep oct nov dec",
    "janv": "janv févr mars avr mai juin juil août sept oct nov déc",
    "ene": "ene feb mar abr may jun jul ago sept oct nov dic",
    "gen": "gen feb mar apr mag giu lug ago set ott nov dic",
    "fev": "jan fev mar abr mai jun jul ago set out nov dez",
    "янв": "янв фев мар апр мая июн июл авг сен окт ноя дек",
    "sty": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
}


@pytest.mark.parametrize("language", NAMES)
def test_the_months_of_the_languages_of_most_feeds_are_known(language: str) -> None:
    assert [MONTHS.get(plain(name)) for name in NAMES[language].split()] == list(range(1, 13))


def test_names_are_written_as_they_are_compared() -> None:
    assert {word for word in (*MONTHS, *WEEKDAYS, *ZONES) if plain(word) != word} == set()


# Each format, and a random moment in it

moments = st.datetimes(datetime(2001, 9, 11), datetime(2033, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
zones = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))

RUBBISH = ["x", "foo", "#", "7", "<b>", "??", "14:02", "March", "and", "xx:xx", "ω"]


def with_names(months: list[str]) -> Callable[[datetime], str]:
    return lambda at: at.strftime(f"%d {months[at.month - 1]} %Y %H:%M:%S %z")


FORMATS: dict[str, Callable[[datetime], str]] = {
    "mail": format_datetime,
    "RFC 3339": datetime.isoformat,
    "basic": lambda at: at.strftime("%Y%m%dT%H%M%S%z"),
    "week": lambda at: at.strftime("%G-W%V-%uT%H:%M:%S%z"),
    "day of year": lambda at: at.strftime("%Y-%jT%H:%M:%S%z"),
    "seconds": lambda at: str(int(at.timestamp())),
    "milliseconds": lambda at: str(int(at.timestamp()) * 1000),
    "slashes": lambda at: at.strftime("%Y/%m/%d %H:%M:%S %z"),
    "dots": lambda at: at.strftime("%d.%m.%Y %H:%M:%S UTC%z"),
    "noon": lambda at: at.strftime("%A, %B %d, %Y %I:%M:%S %p %z"),
    "noon and slashes": lambda at: at.strftime("%Y/%m/%d %I:%M:%S%p GMT%z"),
    "day first": lambda at: at.strftime("%d %B %Y, %H:%M:%S %z"),
    "hyphens": lambda at: at.strftime("%d-%b-%Y %H:%M:%S %z"),
    "C": lambda at: at.strftime("%a %b %d %H:%M:%S %z %Y"),
    "JavaScript": lambda at: at.strftime("%a %b %d %Y %H:%M:%S GMT%z (Somewhere Standard Time)"),
    "Apache": lambda at: at.strftime("%d/%b/%Y:%H:%M:%S %z"),
    "Chinese": lambda at: at.strftime("%Y年%m月%d日 %H:%M:%S %z"),
    **{f"in {language}": with_names(names.split()) for language, names in NAMES.items()},
}


@given(name=st.sampled_from(list(FORMATS)), moment=moments, zone=zones)
def test_a_moment_is_read_as_it_was_written(name: str, moment: datetime, zone: timezone) -> None:
    written = moment.replace(tzinfo=zone)
    assert read_date(FORMATS[name](written)) == written


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_read_at_the_edges_of_days_and_years(name: str) -> None:
    for fields in ((2024, 2, 29), (2023, 12, 31, 23, 59, 59), (2024, 1, 1), (2023, 6, 1, 12), (2023, 6, 1, 0, 30)):
        assert read_date(FORMATS[name](utc(*fields))) == utc(*fields)


@given(name=st.sampled_from(list(FORMATS)), rubbish=st.sampled_from(RUBBISH), moment=moments)
def test_rubbish_beside_a_date_makes_it_none(name: str, rubbish: str, moment: datetime) -> None:
    written = FORMATS[name](moment.replace(tzinfo=UTC))
    assert read_date(f"{rubbish} {written}") is None
    assert read_date(f"{written} {rubbish}") is None


@given(st.text(max_size=120) | st.text("0123456789 :-+/.,tzapmgutc年月日", max_size=120))
def test_no_text_does_harm(text: str) -> None:
    moment = read_date(text)
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize("unit", ["0", " ", "1:", "a", "1 ", ".", "(", "/a", "dec", "-", "年"])
def test_a_long_text_takes_no_time(unit: str) -> None:
    began = time.process_time()
    for text in (100 // len(unit) * unit, 10**6 * unit):
        assert read_date(text) is None
    assert time.process_time() - began < 0.1


def test_a_date_before_1990_is_not_believed() -> None:
    assert plausible(NOON) == NOON
    assert plausible(datetime(1732, 1, 1, tzinfo=UTC)) is None
    assert plausible(None) is None
