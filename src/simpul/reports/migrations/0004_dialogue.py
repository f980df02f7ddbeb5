import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('network', '0004_alarms'),
        ('reports', '0003_channels'),
    ]

    operations = [
        migrations.AddField(
            model_name='attachment',
            name='desk',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='network.desk'),
        ),
        migrations.AddField(
            model_name='attachment',
            name='message',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='reports.message'),
        ),
        migrations.AddField(
            model_name='report',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='frozen_at',
            field=models.DateTimeField(help_text='She closed it to every desk for now.', null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='kept_on',
            field=models.DateField(help_text='Until which day; said by month, no closer.', null=True),
        ),
        migrations.AlterField(
            model_name='report',
            name='state',
            field=models.CharField(choices=[('new', 'Baru'), ('taken', 'Ditangani'), ('withdrawn', 'Dihentikan pelapor'), ('erased', 'Dihapus')], default='new', max_length=10),
        ),
        migrations.CreateModel(
            name='Departure',
            fields=[
                ('ref', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=10)),
                ('left_at', models.DateTimeField()),
                ('desk', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='network.desk')),
            ],
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('ref', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
                ('cancelled_at', models.DateTimeField(null=True)),
                ('refused_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(default='', help_text='A code of `refusals.toml`.', max_length=20)),
                ('desk', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='network.desk')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='erasures', to='reports.report')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('cancelled_at', None), ('done_at', None), ('refused_at', None)), fields=('report',), name='reports_one_erasure_waits')],
            },
        ),
    ]
