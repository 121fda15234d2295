"""A small demo library of generated pictures, for someone who has no photos at hand.

`make_demo` fills a folder with dated, placed, captioned pictures, a transparent PNG, a moving GIF and a short video.
The same version gives the same files.  It writes only into the folder it is given, and only files that are not there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import IFDRational

from appliance.importing import demo_scenes as scenes

if TYPE_CHECKING:
    from collections.abc import Callable

LANDSCAPE = (1600, 1200)
WIDE = (1920, 1080)
PORTRAIT = (1200, 1600)
PAINTERS = 2  # each takes about 300 MB for some seconds; a small machine has 1 GB


@dataclass(frozen=True)
class Place:
    name: str
    latitude: float
    longitude: float
    altitude_m: float
    zone: str


HOME = Place(name="Utrecht", latitude=52.0907, longitude=5.1214, altitude_m=5, zone="Europe/Amsterdam")
LISBON = Place(name="Lisbon", latitude=38.7139, longitude=-9.1334, altitude_m=40, zone="Europe/Lisbon")
ZERMATT = Place(name="Zermatt", latitude=46.0207, longitude=7.7491, altitude_m=1620, zone="Europe/Zurich")
REYKJAVIK = Place(name="Reykjavik", latitude=64.1466, longitude=-21.9426, altitude_m=20, zone="Atlantic/Reykjavik")
KYOTO = Place(name="Kyoto", latitude=35.0116, longitude=135.7681, altitude_m=55, zone="Asia/Tokyo")
MERZOUGA = Place(name="Merzouga", latitude=31.0802, longitude=-4.0133, altitude_m=710, zone="Africa/Casablanca")
CAPE_TOWN = Place(name="Cape Town", latitude=-33.9249, longitude=18.4241, altitude_m=30, zone="Africa/Johannesburg")
GOREME = Place(name="Göreme", latitude=38.6431, longitude=34.8289, altitude_m=1100, zone="Europe/Istanbul")
VANCOUVER = Place(name="Vancouver", latitude=49.2827, longitude=-123.1207, altitude_m=10, zone="America/Vancouver")
BERGEN = Place(name="Bergen", latitude=60.3913, longitude=5.3221, altitude_m=12, zone="Europe/Oslo")


@dataclass(frozen=True)
class Camera:
    make: str
    model: str
    lens: str
    focal_mm: float
    focal_35mm: int


PHONE = Camera(
    make="Homeroll", model="Demo Phone 7", lens="Demo Phone 7 back camera 5.6mm f/1.8", focal_mm=5.6, focal_35mm=26
)
SYSTEM_CAMERA = Camera(make="Homeroll", model="Demo Camera X", lens="XD 18-55mm F2.8-4", focal_mm=23.0, focal_35mm=35)


@dataclass(frozen=True)
class Shot:
    """One picture to take: where, when, of what."""

    folder: str
    scene: Callable[[scenes.Canvas, scenes.Light], scenes.Array]
    light: scenes.Light
    when: datetime
    place: Place | None
    size: tuple[int, int] = LANDSCAPE
    camera: Camera = PHONE
    orientation: int = 1
    title: str = ""
    keywords: tuple[str, ...] = ()
    rating: int = 0


@dataclass(frozen=True)
class Sign:
    """A picture of words."""

    folder: str
    lines: tuple[str, ...]
    when: datetime
    place: Place | None
    ink: scenes.Colour
    ground: scenes.Colour
    frame: scenes.Colour
    size: tuple[int, int] = LANDSCAPE


def _at(text: str) -> datetime:
    """A wall clock at the place of the picture; the place says in which zone."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # a camera's clock has no zone either


def _trip(
    folder: str,
    place: Place,
    *pictures: tuple[
        str,
        Callable[[scenes.Canvas, scenes.Light], scenes.Array],
        scenes.Light,
        tuple[int, int],
        str,
        tuple[str, ...],
        int,
    ],
    camera: Camera = PHONE,
) -> tuple[Shot, ...]:
    return tuple(
        Shot(
            folder=folder,
            scene=scene,
            light=light,
            when=_at(when),
            place=place,
            size=size,
            camera=camera,
            orientation=6 if size == PORTRAIT and index % 2 else 1,  # phones store portraits lying on their side
            title=title,
            keywords=keywords,
            rating=rating,
        )
        for index, (when, scene, light, size, title, keywords, rating) in enumerate(pictures)
    )


SHOTS: tuple[Shot, ...] = (
    *_trip(
        "2019/Zermatt",
        ZERMATT,
        ("2019-02-16 09:12:30", scenes.snow, scenes.WINTER, LANDSCAPE, "First tracks", ("snow", "mountains"), 4),
        ("2019-02-16 13:40:05", scenes.snow, scenes.DAY, PORTRAIT, "", ("snow",), 0),
        (
            "2019-02-17 17:22:48",
            scenes.mountains,
            scenes.DUSK,
            WIDE,
            "Last light from the hut",
            ("mountains", "evening"),
            5,
        ),
        ("2019-02-18 08:03:11", scenes.forest, scenes.WINTER, PORTRAIT, "", ("forest",), 0),
        camera=SYSTEM_CAMERA,
    ),
    *_trip(
        "2019/Lisbon",
        LISBON,
        ("2019-09-03 20:02:10", scenes.city, scenes.DUSK, LANDSCAPE, "From the viewpoint", ("city", "evening"), 4),
        ("2019-09-04 19:44:31", scenes.sea, scenes.GOLD, LANDSCAPE, "", ("sea", "sunset"), 5),
        ("2019-09-05 07:30:00", scenes.sea, scenes.DAWN, PORTRAIT, "", ("sea",), 0),
    ),
    *_trip(
        "2020/Around home",
        HOME,
        ("2020-04-11 18:20:00", scenes.hills, scenes.DAY, LANDSCAPE, "", ("meadow", "spring"), 3),
        ("2020-04-26 06:51:12", scenes.forest, scenes.DAWN, LANDSCAPE, "Early walk", ("forest", "fog"), 4),
        ("2020-08-12 23:58:40", scenes.stars, scenes.NIGHT, PORTRAIT, "Perseids", ("stars", "night"), 5),
    ),
    *_trip(
        "2021/Iceland",
        REYKJAVIK,
        ("2021-07-02 22:10:09", scenes.mountains, scenes.GOLD, WIDE, "Midnight sun", ("mountains", "midnight sun"), 5),
        ("2021-07-03 10:15:33", scenes.sea, scenes.DAY, LANDSCAPE, "", ("sea",), 0),
        ("2021-07-04 23:35:00", scenes.sea, scenes.DUSK, PORTRAIT, "", ("sea", "evening"), 3),
        ("2021-07-06 11:02:19", scenes.hills, scenes.WINTER, LANDSCAPE, "", ("meadow",), 0),
        camera=SYSTEM_CAMERA,
    ),
    *_trip(
        "2022/Morocco",
        MERZOUGA,
        ("2022-03-21 17:48:52", scenes.dunes, scenes.GOLD, LANDSCAPE, "Erg Chebbi", ("desert", "sand"), 5),
        ("2022-03-21 18:31:00", scenes.dunes, scenes.DUSK, WIDE, "", ("desert",), 4),
        (
            "2022-03-22 02:12:07",
            scenes.stars,
            scenes.NIGHT,
            LANDSCAPE,
            "No light for fifty kilometres",
            ("stars", "desert"),
            5,
        ),
        ("2022-03-22 06:58:44", scenes.dunes, scenes.DAWN, PORTRAIT, "", ("desert",), 0),
    ),
    *_trip(
        "2022/Cappadocia",
        GOREME,
        ("2022-10-09 06:35:20", scenes.balloons, scenes.DAWN, LANDSCAPE, "Balloons over the valley", ("balloons",), 5),
        ("2022-10-09 06:48:02", scenes.balloons, scenes.GOLD, PORTRAIT, "", ("balloons",), 0),
    ),
    *_trip(
        "2023/Japan",
        KYOTO,
        ("2023-04-05 05:58:00", scenes.mountains, scenes.DAWN, LANDSCAPE, "", ("mountains", "morning"), 4),
        ("2023-04-06 18:44:27", scenes.city, scenes.GOLD, PORTRAIT, "", ("city",), 0),
        ("2023-04-07 21:15:15", scenes.city, scenes.NIGHT, LANDSCAPE, "City lights", ("city", "night"), 4),
    ),
    *_trip(
        "2024/Cape Town",
        CAPE_TOWN,
        ("2024-01-14 19:20:36", scenes.sea, scenes.GOLD, WIDE, "", ("sea", "sunset"), 4),
        (
            "2024-01-15 05:50:00",
            scenes.mountains,
            scenes.DAY,
            LANDSCAPE,
            "Table Mountain, more or less",
            ("mountains",),
            3,
        ),
        ("2024-01-17 20:31:51", scenes.hills, scenes.GOLD, PORTRAIT, "", ("meadow",), 0),
    ),
    *_trip(
        "2024/Vancouver",
        VANCOUVER,
        ("2024-09-28 17:55:10", scenes.forest, scenes.GOLD, LANDSCAPE, "", ("forest", "autumn"), 4),
        ("2024-09-29 19:12:41", scenes.sea, scenes.DUSK, LANDSCAPE, "", ("sea", "evening"), 0),
    ),
    *_trip(
        "2025/Norway",
        BERGEN,
        ("2025-06-20 23:05:00", scenes.mountains, scenes.WINTER, LANDSCAPE, "", ("mountains", "fjord"), 4),
        ("2025-06-21 09:40:00", scenes.forest, scenes.DAY, PORTRAIT, "", ("forest",), 0),
        ("2025-06-21 22:48:30", scenes.sea, scenes.DAWN, WIDE, "The longest day", ("sea", "midnight sun"), 5),
        camera=SYSTEM_CAMERA,
    ),
)

SIGNS: tuple[Sign, ...] = (
    Sign(
        folder="2020/Around home",
        lines=("HAPPY BIRTHDAY", "Anna", "7 years"),
        when=_at("2020-11-02 15:30:00"),
        place=HOME,
        ink=(150, 40, 70),
        ground=(255, 240, 226),
        frame=(236, 150, 120),
    ),
    Sign(
        folder="2019/Lisbon",
        lines=("Harbour Bakery", "open all day"),
        when=_at("2019-09-04 11:05:00"),
        place=LISBON,
        ink=(250, 244, 224),
        ground=(24, 66, 84),
        frame=(226, 178, 92),
    ),
    Sign(
        folder="2023/Japan",
        lines=("PLATFORM 4", "Kyoto 09:42"),
        when=_at("2023-04-06 09:38:00"),
        place=KYOTO,
        ink=(255, 255, 255),
        ground=(28, 84, 56),
        frame=(240, 240, 240),
        size=WIDE,
    ),
    Sign(
        folder="2025/Norway",
        lines=("Waffles", "Coffee", "Cinnamon buns", "Juice"),
        when=_at("2025-06-21 13:10:00"),
        place=BERGEN,
        ink=(236, 234, 226),
        ground=(38, 40, 44),
        frame=(150, 112, 70),
        size=PORTRAIT,
    ),
)


def _degrees(value: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    value = abs(value)
    minutes = (value % 1) * 60
    return IFDRational(int(value)), IFDRational(int(minutes)), IFDRational(round((minutes % 1) * 60 * 1000), 1000)


def _exif(when: datetime, place: Place | None, camera: Camera, orientation: int, title: str) -> Image.Exif:
    stamp = when.strftime("%Y:%m:%d %H:%M:%S")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112], exif[0x0132] = camera.make, camera.model, orientation, stamp
    if title:
        exif[0x010E] = title
    seed = int(when.timestamp())
    details = {
        0x829A: IFDRational(1, (30, 60, 125, 250, 500)[seed % 5]),  # exposure time
        0x829D: IFDRational((18, 28, 40, 56)[seed % 4], 10),  # f-number
        0x8827: (50, 100, 200, 400)[seed % 4],  # ISO
        0x9003: stamp,  # taken
        0x9004: stamp,  # digitised
        0x920A: IFDRational(int(camera.focal_mm * 10), 10),
        0xA405: camera.focal_35mm,
        0xA434: camera.lens,
    }
    if place:
        offset = when.replace(tzinfo=ZoneInfo(place.zone)).strftime("%z")
        details[0x9010] = details[0x9011] = f"{offset[:3]}:{offset[3:]}"
        exif[0x8825] = {
            1: "N" if place.latitude >= 0 else "S",
            2: _degrees(place.latitude),
            3: "E" if place.longitude >= 0 else "W",
            4: _degrees(place.longitude),
            5: b"\0",
            6: IFDRational(int(place.altitude_m)),
        }
    exif[0x8769] = details
    return exif


def _xmp(keywords: tuple[str, ...], rating: int) -> bytes:
    words = "".join(f"<rdf:li>{escape(word)}</rdf:li>" for word in keywords)
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f' xmp:Rating="{rating}"><dc:subject><rdf:Bag>{words}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _keep(target: Path, when: datetime, place: Place | None, write: Callable[[Path], None]) -> None:
    """Write a file that is not there yet: beside its place, then renamed, dated like its picture."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.stem}.part{target.suffix}")
    write(fresh)
    taken = when.replace(tzinfo=ZoneInfo((place or HOME).zone)).timestamp()
    os.utime(fresh, (taken, taken))
    fresh.replace(target)


def _name(when: datetime, suffix: str) -> str:
    return f"IMG_{when:%Y%m%d_%H%M%S}{suffix}"


def _shoot(root: Path, shot: Shot, seed: int) -> None:
    def write(target: Path) -> None:
        picture = scenes.paint(shot.scene, shot.light, size=shot.size, seed=seed)
        if shot.orientation == 6:  # the camera was held upright, its sensor lay on its side
            picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif = _exif(shot.when, shot.place, shot.camera, shot.orientation, shot.title)
        picture.save(target, "JPEG", quality=88, exif=exif, xmp=_xmp(shot.keywords, shot.rating))

    _keep(root / shot.folder / _name(shot.when, ".jpg"), shot.when, shot.place, write)


def _letter(root: Path, sign: Sign) -> None:
    def write(target: Path) -> None:
        picture = scenes.lettering(sign.lines, size=sign.size, ink=sign.ink, ground=sign.ground, frame=sign.frame)
        picture.save(target, "JPEG", quality=90, exif=_exif(sign.when, sign.place, PHONE, 1, ""))

    _keep(root / sign.folder / _name(sign.when, ".jpg"), sign.when, sign.place, write)


def _screenshot(target: Path) -> None:
    lines = ("Shopping list", "flour  butter  eggs", "strawberries", "candles")
    scenes.lettering(lines, size=(1080, 1920), ink=(40, 44, 52), ground=(248, 248, 246), frame=(120, 150, 220)).save(
        target, "PNG"
    )


def _paper_boat(target: Path) -> None:
    """A drawing on nothing: its ground is transparent."""
    large = Image.new("RGBA", (2400, 1800))
    draw = ImageDraw.Draw(large)
    draw.polygon([(300, 1000), (2100, 1000), (1700, 1500), (700, 1500)], fill=(52, 120, 190, 255))
    draw.polygon([(1200, 260), (1200, 960), (620, 960)], fill=(238, 96, 72, 255))
    draw.polygon([(1270, 380), (1270, 960), (1740, 960)], fill=(250, 206, 90, 255))
    for index in range(6):
        draw.arc((100 + index * 370, 1440, 470 + index * 370, 1640), 0, 180, fill=(120, 180, 220, 255), width=34)
    large.resize((1200, 900), Image.Resampling.LANCZOS).save(target, "PNG")


def _sunrise(target: Path) -> None:
    """A GIF that moves: the sun comes up in twelve pictures."""
    frames = []
    for index in range(12):
        picture = Image.new("RGB", (480, 360))
        draw = ImageDraw.Draw(picture)
        for y in range(360):
            warm = min(1.0, (index + 4) / 14 * (0.35 + y / 360))
            draw.line((0, y, 480, y), fill=(int(60 + 195 * warm), int(60 + 120 * warm), int(130 - 30 * warm)))
        sun = 300 - index * 17
        draw.ellipse((190, sun - 50, 290, sun + 50), fill=(255, 232, 150))
        draw.rectangle((0, 270, 480, 360), fill=(24, 44, 74))
        for line in range(6):
            half = 14 + line * 12 + index % 3 * 4
            draw.line((240 - half, 280 + line * 13, 240 + half, 280 + line * 13), fill=(250, 200, 120), width=3)
        frames.append(picture.quantize(64))
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], duration=140, loop=0)


def _pan(target: Path) -> None:
    """Four seconds over a painted valley, with its date and place as a phone writes them."""
    still = target.with_suffix(".png")
    scenes.paint(scenes.mountains, scenes.GOLD, size=(2400, 720), seed=77).save(still)
    command = [
        "ffmpeg",
        "-nostdin",
        "-loglevel",
        "error",
        "-y",
        "-loop",
        "1",
        "-framerate",
        "25",
        "-i",
        str(still),
        "-t",
        "4",
        "-vf",
        "crop=1280:720:x='(iw-1280)*t/4':y=0",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "23",
        "-pix_fmt",
        "yuv420p",
        "-threads",
        "1",
        "-movflags",
        "+faststart",
        "-fflags",
        "+bitexact",
        "-flags:v",
        "+bitexact",
        "-metadata",
        "creation_time=2023-04-05T00:12:00Z",
        "-metadata",
        "location=+35.0116+135.7681/",
        str(target),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    finally:
        still.unlink(missing_ok=True)


def make_demo(root: Path) -> int:
    """Fill `root` with the demo library and return how many files it holds; what is there stays as it is.

    Without the program ffmpeg there is no video.  Takes some ten seconds the first time.
    """
    with ProcessPoolExecutor(max_workers=PAINTERS) as painters:
        for painted in [painters.submit(_shoot, root, shot, seed) for seed, shot in enumerate(SHOTS)]:
            painted.result()
    for sign in SIGNS:
        _letter(root, sign)
    _keep(root / "2024" / "Screenshot_20240309-101522.png", _at("2024-03-09 10:15:22"), HOME, _screenshot)
    _keep(root / "2021" / "Drawings" / "paper boat.png", _at("2021-05-30 16:00:00"), HOME, _paper_boat)
    _keep(root / "2021" / "Drawings" / "sunrise.gif", _at("2021-05-31 16:00:00"), HOME, _sunrise)
    if shutil.which("ffmpeg"):
        _keep(root / "2023" / "Japan" / "VID_20230405_091200.mp4", _at("2023-04-05 09:12:00"), KYOTO, _pan)
    return sum(1 for path in root.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.stdout.write(f"{make_demo(Path(sys.argv[1]))} files\n")
