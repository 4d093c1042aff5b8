"""The forecast: against a published example, against a naive implementation, and what must not happen."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorq_backend.waits.forecast import Wait, forecast, quantiles

# Remission under 6-MP in weeks, 0 for those that lasted longer: Freireich et al., Blood 21 (1963), as in Kalbfleisch and
# Prentice, The Statistical Analysis of Failure Time Data. The estimate there is .857 after 6 weeks, .807 after 7, .753
# after 10, .690 after 13, .627 after 16, .538 after 22 and .448 after 23.
WEEKS = [(6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0), (19, 0),
         (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]  # fmt: skip
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


@pytest.mark.parametrize("weeks", PUBLISHED)
def test_the_published_example_with_ties_and_censoring(weeks):
    share = 1 - PUBLISHED[weeks]

    just_below, just_above = quantiles(((week, bool(ended)) for week, ended in WEEKS), [share - 0.001, share + 0.001])

    assert just_below == weeks
    assert just_above == min([week for week in PUBLISHED if week > weeks], default=35)


def test_a_quantile_that_the_estimate_does_not_reach_is_the_longest_wait():
    assert quantiles(((week, bool(ended)) for week, ended in WEEKS), [0.5, 0.9]) == [23, 35]


def naive(waits, position):
    """The contract, word by word, without a thought for speed."""
    similar = [wait for wait in waits if wait.position / position <= 2 and position / wait.position <= 2]
    sample = similar if len([wait for wait in similar if wait.claimed]) >= 15 else list(waits)
    count = len([wait for wait in sample if wait.claimed])
    if count < 5:
        return None
    divided = [(wait.seconds / wait.position, wait.claimed) for wait in sample]

    def still_waiting(instant):
        product = 1.0
        for moment in sorted({seconds for seconds, claimed in divided if claimed and seconds <= instant}):
            at_risk = len([1 for seconds, _ in divided if seconds >= moment])
            helped = len([1 for seconds, claimed in divided if claimed and seconds == moment])
            product *= 1 - helped / at_risk
        return product

    def quantile(share):
        reached = [seconds for seconds, _ in divided if 1 - still_waiting(seconds) >= share - 1e-9]
        return min(reached, default=max(seconds for seconds, _ in divided))

    median, p90 = (math.ceil(quantile(share) * position) for share in (0.5, 0.9))
    return {"median_seconds": median, "p90_seconds": p90, "tickets": count}


WAITS = st.lists(
    st.builds(Wait, st.integers(1, 30), st.one_of(st.integers(0, 20), st.floats(0, 10_000)), st.booleans()), max_size=60
)


@given(WAITS, st.integers(1, 40))
def test_it_is_what_a_naive_implementation_says(waits, position):
    assert forecast(waits, position) == naive(waits, position)


@given(WAITS, st.integers(1, 40))
def test_a_median_is_never_above_the_90th_percentile(waits, position):
    found = forecast(waits, position)

    assert found is None or 0 <= found["median_seconds"] <= found["p90_seconds"]


@pytest.mark.parametrize(("claimed", "expected"), [(0, None), (4, None), (5, 5)])
def test_fewer_than_five_claims_make_no_forecast(claimed, expected):
    waits = [Wait(1, 60, claimed=number < claimed) for number in range(30)]

    found = forecast(waits, 1)

    assert (found and found["tickets"]) == expected


def test_a_forecast_grows_with_the_position():
    waits = [Wait(1, seconds, claimed=True) for seconds in range(1, 11)]

    assert [forecast(waits, position) for position in (1, 3)] == [
        {"median_seconds": 5, "p90_seconds": 9, "tickets": 10},
        {"median_seconds": 15, "p90_seconds": 27, "tickets": 10},
    ]


def test_waits_of_a_similar_position_are_enough_if_there_are_fifteen():
    near, far = [Wait(4, 40, claimed=True)] * 15, [Wait(1, 1000, claimed=True)] * 100

    assert forecast([*near, *far], 4) == {"median_seconds": 40, "p90_seconds": 40, "tickets": 15}
    assert forecast([*near[1:], *far], 4) == {"median_seconds": 4000, "p90_seconds": 4000, "tickets": 114}


def test_it_does_not_depend_on_the_order():
    waits = [Wait(number % 3 + 1, number * 7 % 50, claimed=number % 4 > 0) for number in range(40)]

    assert forecast(waits, 2) == forecast(waits[::-1], 2)
