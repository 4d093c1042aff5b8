"""The benchmark's table: what it says of the rounds it is given."""

import pytest

from mentorq.tests.bench.figures import Figure, ratios, save, table
from mentorq.tests.bench.load import header, http


@pytest.fixture
def figure():
    """Three rounds, in one of which the machine was disturbed: twice, three times, eight times the floor's time."""
    return Figure("SQLite", "a list", "a bare view", 3.0, [[0.001, 0.002], [0.002, 0.006], [0.001, 0.008]])


def test_the_ratio_is_the_median_of_the_rounds(figure):
    assert (figure.ratio, figure.holds) == (3.0, True)


def test_a_figure_above_its_limit_does_not_hold(figure):
    figure.most = 2.9

    assert (figure.holds, figure.row({}).split(" | ")[7]) == (False, "**no**")


def test_a_round_that_is_not_counted_warms_up():
    pairs = iter([[1.0, 9.0], [1.0, 2.0], [1.0, 2.0]])

    figure = Figure.of("SQLite", "work", "floor", 2.0, lambda: next(pairs), 2)

    assert figure.rounds == [[1.0, 2.0], [1.0, 2.0]]


def test_the_table_has_a_line_for_each_figure_beside_an_earlier_run(figure):
    text = table([figure], {"a list on SQLite": 2.9})

    assert text.splitlines()[2:] == ["| a list | SQLite | 6.00 | a bare view | 1.00 | 3.00 | 3.00 | yes | 2.90 |"]


@pytest.mark.parametrize(("before", "cell"), [(2.72, "2.72 **worse**"), (2.73, "2.73")])
def test_a_ratio_that_grew_by_more_than_a_tenth_is_marked(figure, before, cell):
    before = {"a list on SQLite": before}

    assert (figure.is_worse(before), figure.row(before).split(" | ")[-1]) == ("worse" in cell, f"{cell} |")


def test_a_figure_that_the_earlier_run_does_not_have_is_not_worse(figure):
    assert not figure.is_worse({"another on SQLite": 0.1})


def test_a_run_that_was_saved_is_found_again(figure, tmp_path):
    save([figure], tmp_path / "run.json")

    assert ratios(tmp_path / "run.json") == {"a list on SQLite": 3.0}


def test_a_request_is_one_that_a_proxy_would_send():
    assert http("/api/tickets", token="abc", method="POST", body="é") == (
        b"POST /api/tickets HTTP/1.1\r\nHost: mentorq.example\r\nX-Forwarded-Proto: https\r\n"
        b"Authorization: Bearer abc\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n\xc3\xa9"
    )


def test_a_request_names_the_clients_address_as_a_proxy_would():
    assert b"\r\nX-Forwarded-For: 203.0.113.7\r\n" in http("/api/tickets", address="203.0.113.7")


def test_a_header_is_found_however_it_is_written():
    head = b'HTTP/1.1 200 OK\r\nEtag:  "a:b"\r\nX: y'

    assert (header(head, b"etag"), header(head, b"vary")) == (b'"a:b"', b"")
