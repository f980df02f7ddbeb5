"""The workspace door."""

urlpatterns: list[object] = []
