"""The webhooks' pages, for directors: a webhook sees every ticket's text. Notices are shown with what became of them."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from mentorq_backend.events.schedule import current
from mentorq_backend.notices import outbox
from mentorq_backend.notices.models import NO_URL, Happening, Kind, Notice, NoticeQuerySet, Webhook, host_of
from mentorq_backend.templatetags.desk import ago, short
from mentorq_backend.upkeep.models import UpkeepState
from mentorq_users.desk.pages import Click, DeskAdmin, clicked

STATES = {"on": "success", "failing": "warning", "switched off": "danger", "off": "default"}
NOTICE_STATES = {"delivered": "success", "pending": "info", "given up": "danger"}
CLICKS = {
    "test": Click("Test", "gets a test with the next round of upkeep", outbox.tell_test),
    "on": Click("Switch on", "is on", lambda webhook: webhook.switch(on=True)),
    "off": Click("Switch off", "is off", lambda webhook: webhook.switch(on=False)),
}


class WriteOnlyInput(UnfoldAdminTextInputWidget):
    """Shows nothing, also if the form comes back with an error."""

    def format_value(self, value: Any) -> str:
        return ""


class WebhookForm(forms.ModelForm):
    """A webhook. Its URL is never shown again: an empty one keeps it."""

    kind = forms.ChoiceField(choices=Kind.choices, widget=UnfoldAdminSelectWidget)
    url = forms.CharField(
        required=False, label="URL", widget=WriteOnlyInput(attrs={"autocomplete": "off"}),
        help_text="It is stored encrypted, and is not shown again. Empty keeps it as it is.",
    )  # fmt: skip
    tells = forms.MultipleChoiceField(
        choices=Happening.choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Webhook
        fields = ["name", "kind", "url", "tells", "words", "minutes", "is_on"]

    def clean_url(self) -> str:
        """Raises ValidationError for a URL that is never called, or if there is none."""
        url = str(self.cleaned_data["url"]).strip()
        if url:
            host_of(url)
        elif not self.instance.encrypted_url:
            raise ValidationError(NO_URL)
        return url

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("url"):
            self.instance.url = self.cleaned_data["url"]
        return dict(super().clean() or {})


class DirectorsAdmin(DeskAdmin):
    """A page for directors and local superusers."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_director(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_director(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_director(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_director(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_director(request)


@admin.register(Webhook)
class WebhookAdmin(DirectorsAdmin):
    """The webhooks, with the last response of each."""

    form = WebhookForm
    list_display = ["state", "webhook", "told", "last", "counts", "clicks"]
    list_display_links = ["webhook"]
    search_fields = ["name", "host"]
    change_form_outer_before_template = "mentorq_backend/webhook.html"
    fieldsets = [
        (None, {"fields": ["name", "kind", "url", "is_on"]}),
        ("What it tells", {"fields": ["tells", "words", "minutes"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Webhook | None = None) -> Any:
        """A button switches a webhook: a form that was opened before would undo it."""
        (title, first), *others = super().get_fieldsets(request, obj)
        fields = [name for name in first["fields"] if obj is None or name != "is_on"]
        return [(title, {"fields": fields}), *others]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        """Annotate how many notices are `pending`, and how many were `undelivered`."""
        pending = Q(notices__next_attempt__isnull=False)
        webhooks = cast("QuerySet[Webhook]", super().get_queryset(request))
        return webhooks.annotate(
            pending=Count("notices", filter=pending),
            undelivered=Count("notices", filter=~pending & Q(notices__delivered=None, notices__isnull=False)),
        )

    @display(description="State", label=STATES)
    def state(self, webhook: Webhook) -> str:
        return state_of(webhook)

    @display(description="Webhook", ordering="name", header=True)
    def webhook(self, webhook: Webhook) -> list[SafeString | str]:
        return [short(webhook.name), f"{Kind(webhook.kind).label} at {webhook.host}"]

    @display(description="Tells", header=True)
    def told(self, webhook: Webhook) -> list[str]:
        words = f"if it says {webhook.words}" if webhook.words else ""
        minutes = f"waiting means {webhook.minutes} min" if Happening.WAITING in webhook.tells else ""
        return [", ".join(webhook.tells), ", ".join(filter(None, [words, minutes]))]

    @display(description="Last response", header=True)
    def last(self, webhook: Webhook) -> list[SafeString | str]:
        if webhook.last_attempt is None:
            return ["–", webhook.why_off]
        response = f"{webhook.last_status or ''} {webhook.last_response}".strip()
        return [short(response), webhook.why_off or ago(webhook.last_attempt)]

    @display(description="Notices")
    def counts(self, webhook: Any) -> SafeString:
        address = reverse("admin:mentorq_backend_notice_changelist")
        counts = {"pending": webhook.pending, "given up": webhook.undelivered}
        link = '<a href="{}?webhook__id__exact={}&amp;state={}" class="desk-link">{} {}</a>'
        return format_html_join(", ", link, ((address, webhook.pk, state, counts[state], state) for state in counts))

    @display(description="Now")
    def clicks(self, webhook: Webhook) -> SafeString:
        return render_to_string("mentorq_backend/clicks.html", buttons(webhook))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if "_click" in request.POST:
            return self._clicked(request)
        if self.has_view_permission(request) and (missing := UpkeepState.read(current().events).warning):
            self.message_user(request, missing, messages.WARNING)
        return super().changelist_view(request, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "_click" in request.POST:
            return self._clicked(request)
        webhook = self.get_object(request, object_id)
        around = buttons(webhook) if webhook else {}
        return cast("HttpResponse", super().change_view(request, object_id, form_url, {**around, **(extra_context or {})}))

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        """Save what was entered. A new secret is remembered for this response alone."""
        cast("Any", obj).new_secret = obj.make_secret()
        obj.save()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Without the counts: PostgreSQL locks no rows that are grouped."""
        Webhook.objects.filter(pk__in=queryset.values("pk")).delete()

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        return self._secret_page(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Webhook) -> HttpResponse:
        return self._secret_page(request, obj) or super().response_change(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Its notices go with it, although nobody deletes a notice by itself."""
        objects, counts, _, protected = super().get_deleted_objects(objs, request)
        return objects, counts, set(), protected

    def _secret_page(self, request: HttpRequest, webhook: Any) -> HttpResponse | None:
        """Show a new secret without a redirect: a message would put it into a cookie."""
        if not webhook.new_secret:
            return None
        context = {**self.admin_site.each_context(request), "title": "The secret", "webhook": webhook}
        return TemplateResponse(request, "mentorq_backend/secret.html", context)

    def _clicked(self, request: HttpRequest) -> HttpResponseRedirect:
        if not self.has_change_permission(request):
            raise PermissionDenied
        webhook, click, _ = clicked(request, Webhook.objects.all(), CLICKS)
        click.verb(webhook)
        self.log_change(request, webhook, f"It {click.past}.")
        self.message_user(request, f"{webhook} {click.past}.", messages.SUCCESS)
        return redirect(request.get_full_path())


class StateFilter(admin.SimpleListFilter):
    """Pending, delivered or given up."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in NOTICE_STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        return cast("NoticeQuerySet", queryset).in_state(self.value() or "")


@admin.register(Notice)
class NoticeAdmin(DirectorsAdmin):
    """The deliveries, the latest first."""

    list_display = ["state_label", "notice", "webhook", "told", "tries", "answer"]
    list_display_links = None
    list_filter = [StateFilter, "webhook"]
    list_select_related = ["webhook"]
    filtered_by = ("state", "webhook__id__exact")
    ordering = ["-pk"]
    actions = ["send_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Moves write notices."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    @display(description="State", label=NOTICE_STATES)
    def state_label(self, notice: Notice) -> str:
        return notice.state

    @display(description="Notice")
    def notice(self, notice: Notice) -> SafeString | str:
        if not notice.ticket_id:
            return str(notice)
        address = reverse("admin:mentorq_backend_ticket_change", args=[notice.ticket_id])
        return format_html('<a href="{}">{}</a>', address, notice)

    @display(description="Happened")
    def told(self, notice: Notice) -> SafeString | str:
        return ago(notice.at)

    @display(description="Attempts")
    def tries(self, notice: Notice) -> str:
        wait = notice.next_attempt and (notice.next_attempt - timezone.now()).total_seconds()
        return f"{notice.attempts}, the next in {wait:.0f} s" if wait and wait > 0 else str(notice.attempts)

    @display(description="Response")
    def answer(self, notice: Notice) -> SafeString | str:
        return short(f"{notice.status or ''} {notice.response}".strip()) or "–"

    @admin.action(description="Send again")
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        sent = Notice.objects.filter(pk__in=queryset.values("pk")).send_again(timezone.now())
        self.message_user(request, f"To be sent again: {sent}.", messages.SUCCESS)


def state_of(webhook: Webhook) -> str:
    if not webhook.is_on:
        return "switched off" if webhook.why_off else "off"
    succeeded = webhook.last_attempt is None or 200 <= (webhook.last_status or 0) < 300
    return "on" if succeeded else "failing"


def buttons(webhook: Webhook) -> dict[str, Any]:
    names = ["test", "off" if webhook.is_on else "on"]
    return {"row": webhook, "state": state_of(webhook), "buttons": {name: CLICKS[name] for name in names}}


def _is_director(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "enters_webhooks", False))
