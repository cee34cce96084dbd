"""Names that publishers write in dates: months, weekdays, time zones. Lower case, without accents.

The languages are those of most feeds (English, German, French, Spanish, Italian, Portuguese, Dutch, Russian, Polish,
Swedish) and their neighbours that cost a line each; Greek and Hungarian are feedparser's. No name stands for two
months.
"""

from __future__ import annotations

import unicodedata
from typing import Final


def plain(text: str) -> str:
    """Text in the form of these tables: lower case, without accents, in one width, with single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFC", bare).replace("−", "-").split())


def _number_rows(*rows: str) -> dict[str, int]:
    """The number of its row, from 1, by word."""
    return {word: number for number, row in enumerate(rows, 1) for word in row.split()}


MONTHS: Final = _number_rows(
    "jan january januar janner janvier janv enero ene gennaio gen janeiro januari январь января янв styczen "
    "stycznia sty ιαν ιανουαριου ιανουαριος leden ledna led ocak oca січня січень січ",
    "feb february februar feber fevrier fevr fev febrero febbraio fevereiro februari февраль февраля фев февр "
    "luty lutego lut φεβ φεβρουαριου φεβρουαριος febr unor unora uno subat sub лютого лютии лют",
    "mar march marz mrz mars marzo marco maart mrt марта март мар marzec marca mart marts μαρ μαρτιου μαρτιος "
    "marcius marc brezen brezna bre березня березень бер",
    "apr april avril avr abril abr aprile апрель апреля апр kwiecien kwietnia kwi απρ απριλιος απριλιου aprilis "
    "duben dubna dub nisan nis квітня квітень квіт кві",
    "may mai mayo maggio mag maio mei маи мая maj maja μαι μαιου μαιος majus kveten kvetna kve mayıs травня "
    "травень трав тра",
    "jun june juni juin junio giugno giu junho июнь июня июн czerwiec czerwca cze ιουν ιουνιου ιουνιος junius "
    "cervna cerven cvn haziran haz червня червень черв чер",
    "jul july juli juillet juil julio luglio lug julho июль июля июл lipiec lipca lip ιουλ ιουλιου ιουλιος julius "
    "cervence cervenec cvc temmuz tem липня липень лип",
    "aug august aout aou agosto ago augustus augusti август августа авг sierpien sierpnia sie αυγ αυγουστου "
    "αυγουστος augusztus srpen srpna srp agustos agu серпня серпень серп сер",
    "sep sept september septembre septiembre setiembre settembre set setembro сентябрь сентября сен сент wrzesien "
    "wrzesnia wrz σεπ σεπτ σεπτεμβριου σεπτεμβριος szeptember szept zari zar eylul eyl вересня вересень вер",
    "oct october oktober okt octobre octubre ottobre ott outubro out октябрь октября окт pazdziernik pazdziernika "
    "paz οκτ οκτωβριου οκτωβριος rijen rijna rij ekim eki жовтня жовтень жовт жов",
    "nov november novembre noviembre novembro ноябрь ноября ноя нояб listopad listopada lis listopadu νοε νοεμβριου "
    "νοεμβριος kasım kas листопада листопад лист",
    "dec december dezember dez decembre diciembre dic dicembre dezembro декабрь декабря дек grudzien grudnia gru "
    "desember des δεκ δεκεμβριου δεκεμβριος prosinec prosince pro aralık ara грудня грудень груд гру",
)

WEEKDAYS: Final = frozenset(
    """
    mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday sun sunday
    mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag
    lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche
    lunes martes mie mie miercoles jue jueves vie viernes sab sabado dom domingo
    lunedi martedi mercoledi gio giovedi venerdi sabato domenica
    seg segunda segunda-feira ter terca terca-feira qua quarta quarta-feira qui quinta quinta-feira
    sex sexta sexta-feira
    ma maandag dinsdag wo woensdag donderdag vr vrijdag za zaterdag zo zondag
    пн понедельник вт вторник ср среда чт четверг пт пятница сб суббота вс воскресенье
    pon poniedziałek wt wto wtorek sr sro sroda czw czwartek pt pia piatek sob sobota nd ndz niedz nie niedziela
    man mandag tis tisdag ons onsdag tor tors torsdag fre fredag lor lordag son sondag
    man mandag tirsdag lør lørdag søn søndag
    κυρ κυριακη δευ δευτερα τρι τριτη τετ τεταρτη πεμ πεμπτη παρ παρασκευη σαβ σαββατο
    hetfo kedd szerda csutortok pentek szombat vasarnap
    po pondeli ut utery st streda ct ctvrtek pa patek so sobota ne nedele
    pzt pazartesi salı car carsamba per persembe cum cuma cmt cumartesi paz pazar
    понеділок вівторок середа четвер пʼятниця п'ятниця субота неділя нд
    """.split()
) | frozenset(
    before + day + after
    for before, days, after in (
        ("周", "一二三四五六日天", ""),
        ("星期", "一二三四五六日天", ""),
        ("", "月火水木金土日월화수목금토일", ""),
        ("", "月火水木金土日", "曜日"),
        ("", "월화수목금토일", "요일"),
    )
    for day in days
)

_ZONES_OF_HOURS: Final = {
    -10: "hst",
    -9: "akst",
    -8: "pst akdt",
    -7: "mst pdt",
    -6: "cst mdt",
    -5: "est cdt",
    -4: "edt ast",
    -3: "adt brt art",
    -3.5: "nst",
    -2.5: "ndt",
    0: "ut utc uct gmt z wet",
    1: "cet met mez west bst",
    2: "cest mest mesz eet sast cat",
    3: "eest msk trt eat idt",
    5: "pkt",
    5.75: "npt",
    7: "ict wib",
    8: "sgt hkt pht awst",
    9: "jst kst",
    9.5: "acst",
    10: "aest",
    10.5: "acdt",
    11: "aedt",
    12: "nzst",
    13: "nzdt",
}
ZONES: Final = {name: hours for hours, names in _ZONES_OF_HOURS.items() for name in names.split()}
"""Hours east of UTC. RFC 822 has the American ones.

Names with several meanings, such as IST (India, Israel, Ireland), are left out, and RFC 822's single letters but Z:
it has their signs wrong (RFC 2822 §4.3).
"""

REGIONS: Final = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
"""Names that stand for standard time and daylight saving time both."""
