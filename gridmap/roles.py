"""What somebody can be appointed to be."""

from django.db.models import TextChoices


class Role(TextChoices):
    """What somebody is appointed to be."""

    GRID_WORKER = "grid_worker", "网格员"
    GRID_CHIEF = "grid_chief", "网格长"
    BUILDING_HEAD = "building_head", "楼栋长"
    GROUP_LEADER = "group_leader", "居民小组长"
    PARTY_SECRETARY = "party_secretary", "党组织书记"
    LEADER_IN_CHARGE = "leader_in_charge", "主管领导"
    PRINCIPAL_LEADER = "principal_leader", "主要领导"
    CENTRE_CLERK = "centre_clerk", "网格中心人员"
    OFFICE_STAFF = "office_staff", "职能机构人员"
    DEPARTMENT_STAFF = "department_staff", "区级部门人员"
    DISTRICT_CENTRE_STAFF = "district_centre_staff", "区网格中心人员"
