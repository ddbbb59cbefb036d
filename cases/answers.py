"""Shapes of what the addresses about cases answer, for the OpenAPI description."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cases.models import Assignment, Case, Result, SurveyAnswer
from cases.scoring import Component, Flag, Grade
from cases.workflow import Kind, Stage, State
from gridmap.serializers import AreaRefSerializer


class StepSerializer(serializers.Serializer[Any]):
    """One of the nine steps people see."""

    number = serializers.IntegerField()
    name = serializers.CharField()


class PointSerializer(serializers.Serializer[Any]):
    """A place in CGCS2000 degrees."""

    lon = serializers.FloatField()
    lat = serializers.FloatField()


class PublicCaseSerializer(serializers.Serializer[Any]):
    """What anybody may know of a case."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(Case.Kind.choices)
    category = AreaRefSerializer(help_text="类别的编码和名称")
    state = serializers.ChoiceField(State.choices)
    state_name = serializers.CharField()
    step = StepSerializer()
    area = AreaRefSerializer(help_text="现属网格：由谁办理以此为准")
    area_routed = AreaRefSerializer(help_text="上报或更正时归入的网格，划界后不变")
    point = PointSerializer()
    exact = serializers.BooleanField(help_text="否：位置敏感,point 只代表所在网格")
    reported_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    voices = serializers.IntegerField()
    merged_into = serializers.CharField(allow_null=True, help_text="并入的那一件的编号")


class SimilarCaseSerializer(PublicCaseSerializer):
    """An open case near a place."""

    distance_m = serializers.FloatField(help_text="米 (CGCS2000 三度带平面)")


class CaseActionSerializer(serializers.Serializer[Any]):
    """A verb this caller may use now."""

    verb = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not this one's own label
    needs = serializers.ListField(child=serializers.CharField())


class CaseRouteSerializer(serializers.Serializer[Any]):
    """How the place was found, and what else it could have been."""

    method = serializers.CharField()
    distance_m = serializers.FloatField(allow_null=True)
    candidates = serializers.ListField(child=serializers.CharField())
    uncertain = serializers.BooleanField()


class MaskedReporterSerializer(serializers.Serializer[Any]):
    """Who reported it, masked."""

    name = serializers.CharField()
    phone = serializers.CharField()


class CasePhotoSerializer(serializers.Serializer[Any]):
    """Where a photo is."""

    url = serializers.CharField()
    kind = serializers.CharField()


class TraceRowSerializer(serializers.Serializer[Any]):
    """One row of the trace."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    verb = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not this one's own label
    role = serializers.CharField()
    actor = serializers.CharField()
    vars()["from"] = serializers.CharField()
    to = serializers.CharField()
    payload = serializers.DictField()


class SentSerializer(serializers.Serializer[Any]):
    """Somebody a town sent to a community."""

    code = serializers.CharField()
    name = serializers.CharField()


class WhistleSerializer(serializers.Serializer[Any]):
    """A call to the level above, with the two tracks it opens."""

    level = serializers.IntegerField()
    level_name = serializers.CharField()
    tried = serializers.CharField(help_text="下级做过什么")
    reason = serializers.CharField(help_text="为什么还不够")
    blown_at = serializers.DateTimeField()
    filed_at = serializers.DateTimeField(allow_null=True, help_text="中心备案")
    sent = SentSerializer(allow_null=True, help_text="派到社区的专人")
    sent_at = serializers.DateTimeField(allow_null=True)


class DispatchSerializer(serializers.Serializer[Any]):
    """A case given to an office of its town."""

    office = AreaRefSerializer(help_text="机构的编码和名称")
    rule = serializers.CharField(help_text="依据的权责归属；空：没有规则指向它")
    at = serializers.DateTimeField()


class ComponentSerializer(serializers.Serializer[Any]):
    """One component of the system's part."""

    component = serializers.ChoiceField(Component.choices)
    name = serializers.CharField()
    points = serializers.FloatField()
    got = serializers.FloatField(allow_null=True, help_text="空：不计入，其余指标按比例放大")
    used_h = serializers.FloatField(allow_null=True, help_text="用了多少小时")
    allowed_h = serializers.FloatField(allow_null=True, help_text="限多少小时")
    exempt = serializers.BooleanField(help_text="申诉成立，不计入")


class ResultSerializer(serializers.Serializer[Any]):
    """One whistle, one assessment: the result of what one department was asked."""

    model = serializers.CharField(help_text="评分模型的版本")
    system_score = serializers.FloatField(allow_null=True, help_text="系统评分")
    street_score = serializers.FloatField(allow_null=True, help_text="镇街评分")
    total = serializers.FloatField(help_text="考核结果")
    grade = serializers.ChoiceField(Grade.choices)
    grade_name = serializers.CharField()
    flags = serializers.ListField(child=serializers.ChoiceField(Flag.choices))
    components = ComponentSerializer(many=True)
    evidence = serializers.DictField(child=serializers.BooleanField(), help_text="留痕有哪些")
    marks = serializers.DictField(child=serializers.IntegerField(), allow_null=True, help_text="专业评估，各 0 到 5")
    satisfaction = serializers.ListField(child=serializers.IntegerField())
    computed_at = serializers.DateTimeField()
    appeal_by = serializers.DateTimeField(help_text="申诉截止")
    final_at = serializers.DateTimeField(allow_null=True, help_text="从何时起是最终结果；空：申诉待裁决")
    appealed_at = serializers.DateTimeField(allow_null=True)
    appeal_reason = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    ruling = serializers.ChoiceField(["", *Result.Ruling.values])
    ruling_reason = serializers.CharField()
    exempt = serializers.ChoiceField(["", *Component.values], help_text="申诉成立而豁免的指标")


class AssignmentSerializer(serializers.Serializer[Any]):
    """What a unit was ordered to do, and by when."""

    unit = AreaRefSerializer(help_text="机构的编码和名称")
    letter = serializers.CharField(help_text="信函文号；空：镇街交办")
    part = serializers.ChoiceField(Assignment.Part.choices)
    received_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    task = serializers.CharField()
    limit = serializers.CharField()
    ordered_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    redone = serializers.IntegerField(help_text="退回重办的次数")
    result = ResultSerializer(allow_null=True, help_text="考核结果；空：还没有")
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="撤回时间：不再要这个单位办")


class ProcedureSerializer(serializers.Serializer[Any]):
    """What somebody asked for beside the course of a case, and what was decided."""

    id = serializers.IntegerField(help_text="决定时作为 procedure 给出")
    kind = serializers.ChoiceField(Kind.choices)
    kind_name = serializers.CharField()
    stage = serializers.ChoiceField(Stage.choices)
    stage_name = serializers.CharField()
    unit = AreaRefSerializer(allow_null=True, help_text="提出单位的编码和名称")
    reason = serializers.CharField()
    reason_name = serializers.CharField()
    text = serializers.CharField()
    asked_at = serializers.DateTimeField()
    decide_by = serializers.DateTimeField(help_text="决定时限")
    until = serializers.DateTimeField(allow_null=True, help_text="挂账的复查时间")
    decided_at = serializers.DateTimeField(allow_null=True)
    ruling = serializers.CharField(help_text="决定理由")
    department = AreaRefSerializer(allow_null=True, help_text="认定的主办部门")


class SurveySerializer(serializers.Serializer[Any]):
    """What a reporter said of a closed case; the last answer."""

    solved = serializers.ChoiceField(SurveyAnswer.Solved.choices)
    solved_name = serializers.CharField()
    satisfaction = serializers.ChoiceField(SurveyAnswer.Satisfaction.choices)
    satisfaction_name = serializers.CharField()
    comment = serializers.CharField()
    at = serializers.DateTimeField()


class SurveyTakenSerializer(SurveySerializer):
    """The answer as it was taken."""

    number = serializers.CharField()
    until = serializers.DateTimeField(help_text="可以改到什么时候")


class CaseSerializer(PublicCaseSerializer):
    """A case as this caller may see it: what is not required is for those on its ground."""

    actions = CaseActionSerializer(many=True)
    text = serializers.CharField(required=False)
    address = serializers.CharField(required=False)
    channel = serializers.CharField(required=False)
    route = CaseRouteSerializer(required=False)
    reporter = MaskedReporterSerializer(required=False, allow_null=True)
    photos = CasePhotoSerializer(many=True, required=False)
    whistles = WhistleSerializer(many=True, required=False)
    dispatches = DispatchSerializer(many=True, required=False)
    assignments = AssignmentSerializer(many=True, required=False)
    procedures = ProcedureSerializer(many=True, required=False)
    hard = serializers.BooleanField(required=False, help_text="是否重点难点")
    reopened = serializers.IntegerField(required=False, help_text="重新办理的次数")
    repeats = serializers.CharField(required=False, allow_null=True, help_text="重复反映的事项的编号")
    survey = SurveySerializer(required=False, allow_null=True, help_text="满意度：最后一次评价")
    trace = TraceRowSerializer(many=True, required=False)


class StateSerializer(serializers.Serializer[Any]):
    """A state a case can be in."""

    state = serializers.CharField()
    name = serializers.CharField()
    step = serializers.IntegerField()
    open = serializers.BooleanField()


class VerbSerializer(serializers.Serializer[Any]):
    """One thing that can be done to a case."""

    verb = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not this one's own label
    vars()["from"] = serializers.ListField(child=serializers.CharField())
    to = serializers.CharField(allow_null=True, help_text="空：状态不变")
    roles = serializers.ListField(child=serializers.CharField())
    one_of = serializers.ListField(child=serializers.CharField(), help_text="状态变为其中之一，由办理经过决定")
    needs = serializers.ListField(child=serializers.CharField())
    may = serializers.ListField(child=serializers.CharField(), help_text="还可以给出的")
    reasons = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    procedure = serializers.CharField(allow_null=True, help_text="提出或决定的附带程序")
    stages = serializers.ListField(child=serializers.CharField(), help_text="从附带程序的这些进展；空：提出")
    stage = serializers.CharField(allow_null=True, help_text="附带程序到这一步")
    other_than = serializers.ListField(child=serializers.CharField(), help_text="不能是最近办过这些的人")
    lead = serializers.BooleanField(help_text="主办部门的才使状态改变")
    only = serializers.CharField(
        allow_null=True, help_text="只能是：sent 派出的专人、office 承接的机构、unit 被交办的部门"
    )
    beside = serializers.CharField(allow_null=True, help_text="双轨的另一轨：两轨都办了状态才变")


class ProcessSerializer(serializers.Serializer[Any]):
    """The process as data."""

    steps = StepSerializer(many=True)
    states = StateSerializer(many=True)
    roles = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    needs = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    procedures = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    stages = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    assignment = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    rules = serializers.DictField()
    verbs = VerbSerializer(many=True)


class VoicesSerializer(serializers.Serializer[Any]):
    """A case's voices after one more."""

    number = serializers.CharField()
    voices = serializers.IntegerField()
    step = StepSerializer()


class RateSerializer(serializers.Serializer[Any]):
    """A share with what it was counted from; no percentage of nothing."""

    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    percent = serializers.FloatField(allow_null=True)


class MeanSerializer(serializers.Serializer[Any]):
    """A mean with what it was counted from; no mean of nothing."""

    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)


class SummarySerializer(serializers.Serializer[Any]):
    """The headline figures."""

    collected = serializers.IntegerField()
    done = serializers.IntegerField()
    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    states = serializers.DictField(child=serializers.IntegerField())
    completion_rate = RateSerializer()
    on_time_rate = RateSerializer()
    survey_rate = RateSerializer(help_text="有评价的占已结项的")
    solved_rate = RateSerializer(help_text="说“解决了”的占有评价的")
    satisfaction = MeanSerializer(help_text="满意程度 1 到 5 的平均：总分、评价数")


class CellSerializer(PointSerializer):
    """A cell of the map with a case in it; the point is the mean of its cases."""

    count = serializers.IntegerField()
    open = serializers.IntegerField()
    overdue = serializers.IntegerField()


class CellsSerializer(serializers.Serializer[Any]):
    """Every cell with a case in it."""

    cells = CellSerializer(many=True)
