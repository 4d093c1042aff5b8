from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mentorq_backend", "0005_event_note")]
    operations = []
