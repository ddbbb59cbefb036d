"""Give the step that gives a draft up a name of its own; no row is changed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gridmap", "0011_rosters")]

    operations = [
        migrations.AlterField(
            model_name="draftstep",
            name="kind",
            field=models.CharField(
                choices=[
                    ("upload", "导入文件"),
                    ("copy", "取自现行边界"),
                    ("proposal", "采用规模调整建议"),
                    ("repair", "自动修复"),
                    ("split", "拆分网格"),
                    ("merge", "合并网格"),
                    ("hand_over", "划转地块"),
                    ("describe", "修改说明"),
                    ("abandon", "放弃草稿"),
                ],
                max_length=9,
                verbose_name="操作",
            ),
        ),
    ]
