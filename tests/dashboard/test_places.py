"""Places: grid references and degrees, against values that the Ordnance Survey publishes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.dashboard.places import (
    Place,
    PlaceError,
    direction,
    distance_m,
    distance_words,
    grid_letters,
    grid_metres,
    grid_reference,
    parse_grid_reference,
    parse_place,
)

# OS, A Guide to Coordinate Systems in Great Britain, annexe C: Caister water tower, ETRS89
# 52°39'28.723"N 1°42'57.787"E is 651409.792 E 313177.448 N. Without the OSTN grid, a few metres.
CAISTER = (52 + 39 / 60 + 28.723 / 3600, 1 + 42 / 60 + 57.787 / 3600)


def test_metres_on_the_grid_agree_with_the_ordnance_survey():
    east, north = grid_metres(*CAISTER)
    assert east == pytest.approx(651409.792, abs=5)
    assert north == pytest.approx(313177.448, abs=5)


def test_reference_of_the_ordnance_surveys_example():
    assert grid_reference(*CAISTER) == "TG 514 131"
    assert grid_reference(*CAISTER, digits=4) == "TG 51 13"
    assert grid_reference(*CAISTER, digits=2) == "TG 5 1"


@pytest.mark.parametrize(
    ("east", "north", "letters"),
    [
        (0, 0, "SV"),
        (438_700, 114_800, "SU"),
        (530_000, 180_000, "TQ"),
        (614_800, 157_800, "TR"),
        (216_600, 771_200, "NN"),  # Ben Nevis
        (429_000, 1_203_000, "HP"),  # Unst
        (699_999, 1_299_999, "JM"),
    ],
)
def test_letters_of_known_squares(east, north, letters):
    assert grid_letters(east, north) == letters


def test_a_reference_names_the_square_and_never_rounds_up():
    place = parse_grid_reference("TQ 99999 99999")
    assert grid_reference(place.lat, place.lon, digits=6) == "TQ 999 999"


def test_ben_nevis():
    place = parse_place("NN 1667 7128")
    assert place.lat == pytest.approx(56.7969, abs=0.0003)
    assert place.lon == pytest.approx(-5.0035, abs=0.0003)
    assert place.square_m == 10


@pytest.mark.parametrize("typed", ["TR148578", "tr 148 578", " Tr 148578 ", "T R 148 578"])
def test_spaces_and_case_do_not_matter(typed):
    place = parse_place(typed)
    assert place.square_m == 100
    assert grid_reference(place.lat, place.lon) == "TR 148 578"


@given(
    east=st.integers(1_000, 698_999), north=st.integers(1_000, 1_298_999),
    digits=st.sampled_from([2, 4, 6, 8]),
)  # fmt: skip
def test_a_reference_leads_back_to_itself(east, north, digits):
    half = digits // 2
    step = 10 ** (5 - half)
    wanted = f"{grid_letters(east, north)} {east % 100_000 // step:0{half}d} {north % 100_000 // step:0{half}d}"
    place = parse_grid_reference(wanted)
    assert grid_reference(place.lat, place.lon, digits) == wanted


def test_off_the_coast_the_same_transformation_holds():
    # PROJ's own choice there is a "ballpark", 130 m to the west of this.
    east, north = grid_metres(57.0233, 2.1176)
    assert east == pytest.approx(649_998, abs=5)
    assert north == pytest.approx(800_002, abs=5)


def test_off_the_grid_there_is_no_reference():
    assert grid_reference(48.85, 2.35) is None  # Paris
    assert grid_reference(51.5, -9.0) is None  # Ireland's west


@pytest.mark.parametrize(
    ("typed", "lat", "lon"),
    [
        ("51.2724, 0.5223", 51.2724, 0.5223),
        ("51.2724 0.5223", 51.2724, 0.5223),
        ("51.2724,-0.5223", 51.2724, -0.5223),
        ("51.2724N 0.5223W", 51.2724, -0.5223),
        ("51.2724° N, 0.5223° E", 51.2724, 0.5223),
    ],
)
def test_degrees(typed, lat, lon):
    assert parse_place(typed) == Place(lat, lon)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type a grid reference"),
        ("TR 148 57", "two letters"),
        ("TI 148 578", "two letters"),
        ("AA 148 578", "AA is not a square"),
        ("91, 0", "latitude 91"),
        ("51, 181", "longitude 181"),
        ("51.3", "is not a place"),
        ("filled.count.soap", "two letters"),
    ],
)
def test_what_is_no_place_says_what_is_allowed(typed, said):
    with pytest.raises(PlaceError, match=said):
        parse_place(typed)


def test_distance_and_direction():
    assert distance_m(51, 0, 51.001, 0) == pytest.approx(111.3, abs=0.5)
    assert direction(51, 0, 51.001, 0) == "north"
    assert direction(51, 0, 51, -0.01) == "west"
    assert direction(51, 0, 50.99, 0.0157) == "south-east"


@pytest.mark.parametrize(
    ("metres", "words"),
    [
        (0, "0 m"),
        (39.6, "40 m"),
        (104, "100 m"),
        (346, "350 m"),
        (2_449, "2.4 km"),
        (31_400, "31 km"),
    ],
)
def test_distance_in_words(metres, words):
    assert distance_words(metres) == words


def test_digits_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="digits 5"):
        grid_reference(51, 0, digits=5)


@pytest.mark.parametrize(
    "typed",
    [
        "51.2724, 0.5223", "N51.2724 E0.5223", "51.2724N, 0.5223E", "(51.2724, 0.5223)", "51.2724;0.5223", "51.2724 , 0.5223",
        "geo:51.2724,0.5223", "51°16'20.64\"N 0°31'20.28\"E", "51° 16′ 20.64″ N, 0° 31′ 20.28″ E", "51° 16.344' N 0° 31.338' E",
        "N 51° 16.344' E 0° 31.338'",
    ],
)  # fmt: skip
def test_degrees_are_read_as_people_write_them(typed):
    place = parse_place(typed)
    assert (round(place.lat, 6), round(place.lon, 6)) == (51.2724, 0.5223)


def test_west_and_south_are_negative_however_they_are_written():
    for typed in ("-50.5, -1.25", "−50.5, −1.25", "50.5S 1.25W", "S50° 30' W1° 15'"):
        place = parse_place(typed)
        assert (place.lat, place.lon) == (-50.5, -1.25)


@pytest.mark.parametrize(
    "typed", ["51° 61' N 0° 10' E", "51°10'60\"N 0°10'E", "51E 0N", "N51S 0", "51.2 N E 0.5 E"]
)
def test_degrees_that_contradict_themselves_are_none(typed):
    with pytest.raises(PlaceError):
        parse_place(typed)


def test_commas_in_a_grid_reference_do_not_matter():
    assert parse_place("TR 148, 578") == parse_place("TR148578")
