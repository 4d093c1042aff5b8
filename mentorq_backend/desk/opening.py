"""Opening a ticket for somebody: their phone is dead, or they stand at the organizers' table."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from mentorq.api.texts import SEARCH_LENGTH
from mentorq_backend.desk.moves import organizer
from mentorq_backend.events.schedule import current
from mentorq_backend.exceptions import LimitReached, MoveNotAllowed, RateExceeded
from mentorq_backend.models import Ticket
from mentorq_users.desk.pages import DeskAdmin
from mentorq_users.emails import ERASED_DOMAIN, normalize_email
from mentorq_users.models import User

OFFERED = 10  # people, of those who match what was typed


class OpeningForm(forms.ModelForm):
    """A new ticket. Its fields clean their texts as the API does."""

    class Meta:
        model = Ticket
        fields = ["owner_email", "owner", "title", "location", "contact", "comment"]
        labels = {"owner_email": "Owner's e-mail", "owner": "Owner's name"}
        help_texts = {
            "owner_email": "Type a part of a name or an address, and choose. Somebody new: type the whole address.",
            "owner": "Empty: the name of their account, else the e-mail.",
            "title": "What they need help with.",
            "contact": "How a mentor reaches them without their phone.",
        }
        widgets = {
            # The browser's own list: it works on a phone, and the page is as small with ten thousand people as with ten.
            "owner_email": UnfoldAdminEmailInputWidget(attrs={"list": "people", "autocomplete": "off"}),
            **dict.fromkeys(["owner", "title", "location", "contact"], UnfoldAdminTextInputWidget),
            "comment": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].required = False

    def clean_owner_email(self) -> str:
        return normalize_email(self.cleaned_data["owner_email"])

    def open(self, by: User) -> tuple[Ticket, bool] | None:
        """Return the ticket and whether it is new, as `get_or_open` does; None if the form now says why not."""
        try:
            return Ticket.objects.get_or_open(by=by, **self.cleaned_data)
        except LimitReached as refusal:
            self.add_error("owner_email", str(refusal))
        except (MoveNotAllowed, RateExceeded) as refusal:
            self.add_error(None, str(refusal))
        return None


class OpeningAdmin(DeskAdmin):
    """The page on which an organizer opens a ticket, and the people whom it offers."""

    add_label = "Open a ticket"

    def get_custom_urls(self) -> tuple[Any, ...]:
        return (("people/", "mentorq_backend_ticket_people", self.people),)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        """A ticket that is corrected has no button that opens another one."""
        context["show_save_and_add_another"] = False
        return cast("HttpResponse", super().render_change_form(request, context, *args, **kwargs))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        form = OpeningForm(request.POST if request.method == "POST" else None)
        opened = form.is_valid() and form.open(organizer(request))
        if opened:
            self._say_opened(request, *opened)
            return redirect("admin:mentorq_backend_ticket_changelist")
        events, at = current(), timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": self.add_label,
            "form": form,
            "closed": "" if events.is_open(at) else events.why_closed(at),
        }
        return render(request, "mentorq_backend/opening.html", context)

    def _say_opened(self, request: HttpRequest, ticket: Ticket, is_new: bool) -> None:
        link = format_html(
            '<a href="{}" class="desk-link">{}</a>',
            reverse("admin:mentorq_backend_ticket_change", args=[ticket.pk]),
            ticket,
        )
        if is_new:
            self.message_user(request, format_html("{}: opened for {}.", link, ticket.owner), messages.SUCCESS)
        else:
            self.message_user(request, format_html("{} is the same, opened a moment ago.", link), messages.WARNING)

    def people(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Return an <option> for each of the people who match what was typed."""
        return render(request, "mentorq_backend/people.html", {"people": known(request.GET.get("owner_email", ""))})


def known(typed: str) -> dict[str, str]:
    """Return the names, by e-mail, of people whose name or e-mail contains the text: accounts, and owners of tickets."""
    text = typed.strip()
    if not 1 < len(text) <= SEARCH_LENGTH or "\0" in text:
        return {}
    matches = Q(person__icontains=text) | Q(address__icontains=text)
    name = Concat("first_name", Value(" "), "last_name", output_field=CharField())
    accounts = User.objects.annotate(person=name, address=F("email"))
    owners = Ticket.objects.order_by().annotate(person=F("owner"), address=F("owner_email"))
    found: dict[str, str] = {}
    for people in (owners, accounts):  # accounts last: the name of an account is the better one
        rows = people.filter(matches).exclude(address__endswith=ERASED_DOMAIN).values_list("address", "person")
        found |= dict(rows.distinct().order_by("address")[:OFFERED])
    return dict(list(found.items())[-OFFERED:])
