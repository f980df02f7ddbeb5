"""The public door."""

urlpatterns: list[object] = []
