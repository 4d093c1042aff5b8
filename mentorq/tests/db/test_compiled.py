"""A compiled query: the rows of the queryset itself, for each of the values, in every thread."""

from functools import partial

import pytest
from django.db import connection
from django.db.models import F

from mentorq.db.compiled import CompiledQuery
from mentorq_users.models import User

pytestmark = pytest.mark.django_db
COLUMNS = ["pk", "email", "first_name", "is_mentor", "date_joined", "roles_checked_at"]
ONCE_KEPT = 8  # after five times PostgreSQL keeps a statement
ODD = ["", "%s", "%", "%%s", "'", "' OR 1=1 --", '"', "\\", "?", "é🙂", "nobody@example.edu"]


def by_email(email):
    return User.objects.filter(email=email).order_by("pk").values_list(*COLUMNS)


def from_to(least, most):
    return User.objects.filter(pk__gte=least, pk__lte=most).exclude(first_name="%").order_by("-pk").values_list(*COLUMNS)


@pytest.fixture
def people():
    """Forty people, by the order of their ids."""
    return [
        User.objects.create(email=f"p{number}@example.edu", first_name="%s", is_mentor=number % 2) for number in range(40)
    ]


def test_a_compiled_query_gives_the_rows_of_the_queryset_for_each_value(people):
    query = CompiledQuery(by_email, 1)

    rows = [query(user.email) for user in people]

    assert rows == [list(by_email(user.email)) for user in people]


def test_several_values_go_where_they_belong(people):
    query = CompiledQuery(from_to, 2)

    rows = query(people[3].pk, people[7].pk)

    assert rows == list(from_to(people[3].pk, people[7].pk))


def test_a_value_may_be_used_twice_and_another_not_at_all(people):
    query = CompiledQuery(lambda unused, pk: User.objects.filter(pk__gte=pk, pk__lte=pk).values_list("email"), 2)

    rows = query("unused", people[5].pk)

    assert rows == [(people[5].email,)]


def test_a_compiled_query_may_hold_values_of_its_own(people):
    query = CompiledQuery(lambda pk: User.objects.filter(email="p5@example.edu", pk=pk).values_list("email"), 1)

    rows = [query(user.pk) for user in people[4:7]]

    assert rows == [[], [("p5@example.edu",)], []]


@pytest.mark.parametrize("value", ODD)
def test_a_value_is_never_taken_for_sql(value, people):
    User.objects.filter(pk=people[0].pk).update(email=value)
    query = CompiledQuery(by_email, 1)

    rows = [[query(value), query(people[1].email), query("' OR ''='")] for _ in range(ONCE_KEPT)]

    assert rows == [[list(by_email(value)), list(by_email(people[1].email)), []]] * ONCE_KEPT


@pytest.mark.parametrize("value", [0, -1, 2**15, 2**31, 2**62, 10**18 - 1])
def test_a_number_of_any_size_is_compared_as_it_is(value, people):
    query = CompiledQuery(from_to, 2)

    rows = [query(people[0].pk, value) for _ in range(ONCE_KEPT)]

    assert rows == [list(from_to(people[0].pk, value))] * ONCE_KEPT


def test_a_compiled_query_has_no_memory_of_earlier_values_or_rows(people):
    query = CompiledQuery(by_email, 1)
    for _ in range(ONCE_KEPT):
        query(people[0].email)
    User.objects.filter(pk=people[0].pk).update(first_name="Changed")

    rows = [query("nobody@example.edu"), query(people[0].email)]

    assert rows == [[], list(by_email(people[0].email))]
    assert rows[1][0][2] == "Changed"


def test_a_compiled_query_takes_one_query_each_time(people, django_assert_num_queries):
    query = CompiledQuery(by_email, 1)

    with django_assert_num_queries(2):
        query(people[0].email)
        query(people[1].email)


def test_sixteen_threads_at_once_each_get_their_own_rows(at_once, people):
    for _ in range(20):
        query = CompiledQuery(by_email, 1)  # a new one, so that they compile it at once, too
        chosen = people[:16]

        rows = at_once([partial(query, user.email) for user in chosen])

        assert rows == [list(by_email(user.email)) for user in chosen]


def test_a_compiled_query_sees_what_other_threads_committed(at_once, people):
    query = CompiledQuery(by_email, 1)
    query(people[0].email)
    at_once([partial(User.objects.filter(pk=people[0].pk).update, first_name="Changed")])

    rows = [query(people[0].email), *at_once([partial(query, people[0].email)])]

    assert [row[0][2] for row in rows] == ["Changed", "Changed"]


def test_a_compiled_query_outlives_the_thread_that_compiled_it(at_once, people):
    query = CompiledQuery(by_email, 1)
    at_once([partial(query, people[0].email)])

    rows = query(people[1].email)

    assert rows == list(by_email(people[1].email))


if connection.vendor == "postgresql":

    def only_here(email):
        return User.objects.filter(email=email).values_list("pk").annotate(only_here=F("email"))

    def kept():
        """How many of these statements PostgreSQL keeps for this connection."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE '%only_here%'")
            return cursor.fetchone()[0]

    def test_postgresql_keeps_it_after_five_times_and_nothing_of_djangos(people):
        query, counts = CompiledQuery(only_here, 1), []

        for user in people[:8]:
            list(only_here(user.email))
            query(user.email)
            counts.append(kept())

        assert counts == [0, 0, 0, 0, 0, 1, 1, 1]
