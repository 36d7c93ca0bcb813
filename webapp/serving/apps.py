from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "webapp.serving"
    label = "serving"

    def ready(self) -> None:
        from webapp.generation import adapters, choices
        from webapp.runs import neighbours
        from webapp.serving import offers, shelf

        choices.register(offers.offered, offers.title)
        adapters.register(shelf.Shelf())
        neighbours.in_service.append(offers.in_service)
