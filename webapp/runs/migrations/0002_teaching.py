"""A file of texts to train from scratch is a Corpus now; a Dataset is what is reviewed row by row (webapp/datasets)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def move_files(apps, schema_editor):
    old, new = settings.DATA_DIR / "datasets", settings.DATA_DIR / "corpora"
    if old.is_dir() and not new.exists():
        old.rename(new)


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial"), ("datasets", "0001_initial")]

    operations = [
        migrations.RenameModel("Dataset", "Corpus"),
        migrations.RenameField("trainingrun", "datasets", "corpora"),
        migrations.AlterField(
            "corpus",
            "team",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="corpora", to="accounts.team"
            ),
        ),
        migrations.RunPython(move_files, migrations.RunPython.noop),
    ]
