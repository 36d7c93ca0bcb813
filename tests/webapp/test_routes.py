"""The walls: every route and every socket, tried by everybody.

A route that is in the URLconf and not in this table fails the test, and so does a socket. The people, in the order of
the columns: Alice owns the team, Anna is an admin, Bob a member, Victor a viewer; Charlie owns another team; the
stranger is not signed in ("in": sent to sign in). Alice has a private conversation, and one that she shares.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.webapp.people import client_of
from tests.webapp.viewers import Look
from tests.webapp.write.pages import write
from webapp.accounts import services as accounts
from webapp.accounts.models import Role, Team, User
from webapp.analyze import services as analyzing
from webapp.analyze.models import Row
from webapp.analyze.tables import lines
from webapp.ask import services as asking
from webapp.chat import keeping, services
from webapp.chat.models import Conversation
from webapp.chat.models import Role as Author
from webapp.datasets import freezing
from webapp.datasets.models import Dataset, Job
from webapp.datasets.models import Row as Example
from webapp.datasets.models import Status as Stage
from webapp.generation.models import Endpoint, Status
from webapp.routing import sockets
from webapp.runs.models import Corpus, TrainingRun
from webapp.serving import services as serving
from webapp.serving.models import Adapter
from webapp.translate import services as translate
from webapp.translate.asking import ask

PEOPLE = ("alice", "anna", "bob", "victor", "charlie", "stranger")
TABLE = """
healthz                               GET   /healthz                                               -                 200  200  200  200  200  200
readyz                                GET   /readyz                                                -                 503  503  503  503  503  503
root                                  GET   /                                                      -                 302  302  302  302  302  302
set-language                          POST  /language/                                             language=zh-hans  302  302  302  302  302  302

account_login                         GET   /account/login/                                        -                 302  302  302  302  302  200
account_signup                        GET   /account/signup/                                       -                 302  302  302  302  302  403
account_logout                        GET   /account/logout/                                       -                 200  200  200  200  200  302
account_logout                        POST  /account/logout/                                       -                 302  302  302  302  302  302
account_inactive                      GET   /account/inactive/                                     -                 200  200  200  200  200  200
account_reset_password                GET   /account/password/reset/                               -                 200  200  200  200  200  200
account_reset_password_done           GET   /account/password/reset/done/                          -                 200  200  200  200  200  200
account_reset_password_from_key_done  GET   /account/password/reset/key/done/                      -                 200  200  200  200  200  200
account_reset_password_from_key       GET   /account/password/reset/key/1-nonsense/                -                 200  200  200  200  200  200
account_change_password               GET   /settings/password/                                    -                 302  302  302  302  302  in
account_set_password                  GET   /settings/password/set/                                -                 200  200  200  200  200  in

accounts:join                         GET   /join/{token}/                                         -                 200  200  200  200  200  200
accounts:join                         GET   /join/unknown/                                         -                 404  404  404  404  404  404
accounts:profile                      GET   /settings/profile/                                     -                 200  200  200  200  200  in
accounts:set-theme                    POST  /settings/theme/                                       theme=dark        302  302  302  302  302  in
accounts:team                         GET   /settings/team/                                        -                 200  200  200  200  200  in
accounts:no-team                      GET   /teams/none/                                           -                 302  302  302  302  302  in
accounts:new-team                     GET   /teams/new/                                            -                 200  200  200  200  200  in
accounts:new-team                     POST  /teams/new/                                            team_name=New     302  302  302  302  302  in
accounts:switch-team                  POST  /teams/{team}/switch/                                  -                 302  302  302  302  404  in
accounts:leave-team                   POST  /teams/{team}/leave/                                   -                 302  302  302  302  404  in
accounts:rename-team                  POST  /teams/{team}/name/                                    team_name=New     302  302  403  403  404  in
accounts:invite                       POST  /teams/{team}/invitations/                             role=viewer       200  200  403  403  404  in
accounts:revoke-invitation            POST  /invitations/{invitation}/revoke/                      -                 302  302  403  403  404  in
accounts:change-role                  POST  /members/{member}/role/                                role=viewer       302  302  403  403  404  in
accounts:remove-member                POST  /members/{member}/remove/                              -                 302  302  403  403  404  in
accounts:reset-link                   POST  /members/{member}/reset-link/                          -                 200  200  403  403  404  in

generation:endpoints                  GET   /settings/endpoints/                                   -                 200  200  403  403  200  in
generation:endpoints                  POST  /settings/endpoints/                                   name=Other        422  422  403  403  422  in
generation:endpoint                   GET   /settings/endpoints/{endpoint}/                        -                 200  200  403  403  404  in
generation:endpoint                   POST  /settings/endpoints/{endpoint}/                        name=Other        422  422  403  403  404  in
generation:test-endpoint              POST  /settings/endpoints/{endpoint}/test/                   -                 302  302  403  403  404  in
generation:remove-endpoint            POST  /settings/endpoints/{endpoint}/remove/                 -                 302  302  403  403  404  in

chat:home                             GET   /chat/                                                 -                 200  200  200  200  200  in
chat:home                             POST  /chat/                                                 text=Hello        302  302  302  403  302  in
chat:new                              POST  /chat/new/                                             -                 302  302  302  302  302  in
chat:preferences                      GET   /chat/options/                                         -                 200  200  200  403  200  in
chat:preferences                      POST  /chat/options/                                         seed=7            302  302  302  403  302  in
chat:list                             GET   /chat/list/                                            -                 200  200  200  200  200  in
chat:search                           GET   /chat/search/                                           -                 200  200  200  200  200  in
chat:files                            GET   /settings/conversations/                                -                 200  200  200  200  200  in
chat:files                            POST  /settings/conversations/                                -                 302  302  302  403  302  in

chat:conversation                     GET   /chat/{private}/                                       -                 200  404  404  404  404  in
chat:post                             POST  /chat/{private}/messages/                              text=Hello        302  404  404  404  404  in
chat:older                            GET   /chat/{private}/older/{private_reply}/                 -                 200  404  404  404  404  in
chat:rename                           POST  /chat/{private}/rename/                                title=New         302  404  404  404  404  in
chat:share                            POST  /chat/{private}/share/                                 shared=1          302  404  404  404  404  in
chat:delete                           POST  /chat/{private}/delete/                                -                 302  404  404  404  404  in
chat:menu                             GET   /chat/{private}/menu/                                         -                 200  404  404  404  404  in
chat:export                           GET   /chat/{private}/export/md/                                    -                 200  404  404  404  404  in
chat:export                           GET   /chat/{private}/export/json/                                  -                 200  404  404  404  404  in
chat:export                           GET   /chat/{private}/export/exe/                                   -                 404  404  404  404  404  in
chat:pin                              POST  /chat/{private}/pin/                                          pinned=1          302  404  404  404  404  in
chat:restore                          POST  /chat/{private}/restore/                                      -                 404  404  404  404  404  in
chat:options                          GET   /chat/{private}/options/                               -                 200  404  404  404  404  in
chat:options                          POST  /chat/{private}/options/                               seed=7            302  404  404  404  404  in
chat:stop                             POST  /chat/{private}/stop/                                  -                 302  404  404  404  404  in
chat:regenerate                       POST  /chat/{private}/messages/{private_reply}/regenerate/   -                 302  404  404  404  404  in
chat:show                             POST  /chat/{private}/messages/{private_reply}/show/         -                 302  404  404  404  404  in

chat:conversation                     GET   /chat/{shared}/                                        -                 200  200  200  200  404  in
chat:post                             POST  /chat/{shared}/messages/                               text=Hello        302  302  302  403  404  in
chat:older                            GET   /chat/{shared}/older/{shared_reply}/                   -                 200  200  200  200  404  in
chat:rename                           POST  /chat/{shared}/rename/                                 title=New         302  302  403  403  404  in
chat:share                            POST  /chat/{shared}/share/                                  shared=0          302  302  403  403  404  in
chat:delete                           POST  /chat/{shared}/delete/                                 -                 302  302  403  403  404  in
chat:menu                             GET   /chat/{shared}/menu/                                         -                 200  200  200  200  404  in
chat:export                           GET   /chat/{shared}/export/md/                                    -                 200  200  200  200  404  in
chat:export                           GET   /chat/{shared}/export/json/                                  -                 200  200  200  200  404  in
chat:export                           GET   /chat/{shared}/export/exe/                                   -                 404  404  404  404  404  in
chat:pin                              POST  /chat/{shared}/pin/                                          pinned=1          302  302  302  302  404  in
chat:restore                          POST  /chat/{shared}/restore/                                      -                 404  404  404  404  404  in
chat:options                          GET   /chat/{shared}/options/                                -                 200  200  200  200  404  in
chat:options                          POST  /chat/{shared}/options/                                seed=7            302  302  302  403  404  in
chat:stop                             POST  /chat/{shared}/stop/                                   -                 302  302  302  403  404  in
chat:regenerate                       POST  /chat/{shared}/messages/{shared_reply}/regenerate/     -                 302  302  302  403  404  in
chat:show                             POST  /chat/{shared}/messages/{shared_reply}/show/           -                 302  302  302  403  404  in

chat:older                            GET   /chat/{shared}/older/{private_reply}/                  -                 404  404  404  404  404  in
chat:regenerate                       POST  /chat/{shared}/messages/{private_reply}/regenerate/    -                 404  404  404  403  404  in
chat:show                             POST  /chat/{shared}/messages/{private_reply}/show/          -                 404  404  404  403  404  in
chat:regenerate                       POST  /chat/{shared}/messages/{shared_question}/regenerate/  -                 302  302  302  403  404  in

chat:edit                             POST  /chat/{private}/messages/{private_question}/edit/      text=Anew         302  404  404  404  404  in
chat:edit                             POST  /chat/{shared}/messages/{shared_question}/edit/        text=Anew         302  302  302  403  404  in
chat:edit                             POST  /chat/{shared}/messages/{shared_reply}/edit/           text=Anew         404  404  404  403  404  in
chat:edit                             POST  /chat/{shared}/messages/{private_question}/edit/       text=Anew         404  404  404  403  404  in
chat:remove                           POST  /chat/{private}/messages/{private_reply}/remove/       -                 302  404  404  404  404  in
chat:remove                           POST  /chat/{shared}/messages/{shared_question}/remove/      -                 302  302  403  403  404  in
chat:remove                           POST  /chat/{shared}/messages/{private_reply}/remove/        -                 404  404  404  403  404  in
chat:continue                         POST  /chat/{private}/messages/{private_reply}/continue/     -                 302  404  404  404  404  in
chat:continue                         POST  /chat/{shared}/messages/{shared_reply}/continue/       -                 302  302  302  403  404  in
chat:continue                         POST  /chat/{shared}/messages/{private_reply}/continue/      -                 404  404  404  403  404  in
chat:feedback                         GET   /chat/{private}/messages/{private_reply}/feedback/     -                 200  404  404  404  404  in
chat:feedback                         GET   /chat/{shared}/messages/{shared_reply}/feedback/       -                 200  200  200  403  404  in
chat:feedback                         GET   /chat/{shared}/messages/{private_reply}/feedback/      -                 404  404  404  403  404  in
chat:feedback                         POST  /chat/{private}/messages/{private_reply}/feedback/     thumb=1           302  404  404  404  404  in
chat:feedback                         POST  /chat/{shared}/messages/{shared_reply}/feedback/       thumb=1           302  302  302  403  404  in
chat:feedback                         POST  /chat/{shared}/messages/{private_reply}/feedback/      thumb=1           404  404  404  403  404  in
chat:figures                          GET   /chat/{private}/messages/{private_reply}/figures/      -                 200  404  404  404  404  in
chat:figures                          GET   /chat/{shared}/messages/{shared_reply}/figures/        -                 200  200  200  200  404  in
chat:figures                          GET   /chat/{shared}/messages/{private_reply}/figures/       -                 404  404  404  404  404  in
chat:source                           GET   /chat/{private}/messages/{private_reply}/source/       -                 200  404  404  404  404  in
chat:source                           GET   /chat/{shared}/messages/{shared_reply}/source/         -                 200  200  200  200  404  in
chat:source                           GET   /chat/{shared}/messages/{private_reply}/source/        -                 404  404  404  404  404  in
chat:shortcuts                        GET   /shortcuts/                                            -                 200  200  200  200  200  in

chat:conversation                     GET   /chat/{nowhere}/                                       -                 404  404  404  404  404  in
chat:post                             POST  /chat/{nowhere}/messages/                              text=Hello        404  404  404  404  404  in
chat:delete                           POST  /chat/{nowhere}/delete/                                -                 404  404  404  404  404  in

chat:restore                          POST  /chat/{deleted}/restore/                                -                 302  302  403  403  404  in
chat:conversation                     GET   /chat/{deleted}/                                        -                 404  404  404  404  404  in
chat:export                           GET   /chat/{deleted}/export/json/                            -                 404  404  404  404  404  in

write:home                            GET   /write/                                               -                 200  200  200  200  200  in
write:conversation                    GET   /write/{private}/                                     -                 404  404  404  404  404  in
write:home                            POST  /write/                                              kind=story&topic=Dogs&length=short&tone=neutral&language=en 302  302  302  403  302  in
write:conversation                    GET   /write/{text}/                                       -                 200  404  404  404  404  in
write:change                          POST  /write/{text}/change/                                action=shorten  302  404  404  404  404  in
write:edit                            GET   /write/{text}/edit/                                  -                 200  404  404  404  404  in
write:edit                            POST  /write/{text}/edit/                                  text=Mine 422  404  404  404  404  in
write:export                          GET   /write/{text}/export/md/                             -                 200  404  404  404  404  in
write:versions                        GET   /write/{text}/versions/                              -                 200  404  404  404  404  in
write:version                         GET   /write/{text}/versions/{text_version}/               -                 302  404  404  404  404  in
write:show                            POST  /write/{text}/versions/{text_version}/show/          -                 302  404  404  404  404  in
write:conversation                    GET   /write/{shared_text}/                                -                 200  200  200  200  404  in
write:change                          POST  /write/{shared_text}/change/                         action=shorten  302  302  302  403  404  in
write:edit                            GET   /write/{shared_text}/edit/                           -                 200  200  200  403  404  in
write:edit                            POST  /write/{shared_text}/edit/                           text=Mine 422  422  422  403  404  in
write:export                          GET   /write/{shared_text}/export/md/                      -                 200  200  200  200  404  in
write:versions                        GET   /write/{shared_text}/versions/                       -                 200  200  200  200  404  in
write:version                         GET   /write/{shared_text}/versions/{shared_version}/      -                 302  302  302  302  404  in
write:show                            POST  /write/{shared_text}/versions/{shared_version}/show/ -                 302  302  302  403  404  in
write:version                         GET   /write/{shared_text}/versions/{text_version}/        -                 404  404  404  404  404  in
write:show                            POST  /write/{shared_text}/versions/{text_version}/show/   -                 404  404  404  403  404  in
write:export                          GET   /write/{shared_text}/export/exe/                     -                 404  404  404  404  404  in
write:edit                            GET   /write/{private}/edit/                               -                 404  404  404  404  404  in
write:change                          POST  /write/{shared}/change/                              action=shorten 404  404  404  404  404  in
chat:regenerate                       POST  /chat/{shared_text}/messages/{shared_version}/regenerate/ -                 302  302  302  403  404  in
chat:stop                             POST  /chat/{shared_text}/stop/                            -                 302  302  302  403  404  in

translate:home                        GET   /translate/                                           -                 200  200  200  200  200  in
translate:home                        POST  /translate/                                           text=Hi&target=de  302  302  302  403  302  in
translate:conversation                GET   /translate/{private}/                                 -                 404  404  404  404  404  in
translate:conversation                GET   /translate/{translation}/                             -                 200  404  404  404  404  in
translate:conversation                GET   /translate/{shared_translation}/                      -                 200  200  200  200  404  in
translate:post                        POST  /translate/{translation}/text/                        text=Hi&target=de  302  404  404  404  404  in
translate:post                        POST  /translate/{shared_translation}/text/                 text=Hi&target=de  302  302  302  403  404  in
translate:post                        POST  /translate/{shared}/text/                             text=Hi&target=de  404  404  404  404  404  in
translate:thumb                       POST  /translate/{translation}/thumb/                       thumb=1           302  404  404  404  404  in
translate:thumb                       POST  /translate/{shared_translation}/thumb/                thumb=1           302  302  302  403  404  in

ask:home                              GET   /ask/                                                 -                 200  200  200  200  200  in
ask:file                              POST  /ask/file/                                            -                 422  422  422  403  422  in
ask:conversation                      GET   /ask/{private}/                                       -                 404  404  404  404  404  in
ask:conversation                      GET   /ask/{passage}/                                       -                 200  200  200  200  404  in

analyze:home                          GET   /analyze/                                             -                 200  200  200  200  200  in
analyze:file                          POST  /analyze/file/                                        -                 422  422  422  403  422  in
analyze:conversation                  GET   /analyze/{private}/                                   -                 404  404  404  404  404  in
analyze:conversation                  GET   /analyze/{analysis}/                                  -                 200  200  200  200  404  in
analyze:column                        POST  /analyze/{analysis}/column/                           column=0          302  302  302  403  404  in
analyze:stop                          POST  /analyze/{analysis}/stop/                             -                 302  302  302  403  404  in
analyze:continue                      POST  /analyze/{analysis}/continue/                         -                 302  302  302  403  404  in
analyze:download                      GET   /analyze/{analysis}/table.csv                         -                 200  200  200  200  404  in
analyze:label                         POST  /analyze/{analysis}/rows/1/label/                     label=neutral     302  302  302  403  404  in
analyze:label                         POST  /analyze/{analysis}/rows/2/label/                     label=neutral     404  404  404  403  404  in
analyze:thumb                         POST  /analyze/{analysis}/rows/1/thumb/                     thumb=1           302  302  302  403  404  in

datasets:consent                      GET   /settings/learning/                                          -                 200  200  200  200  200  in
datasets:say-consent                  POST  /settings/learning/{team}/                                   agree=1           302  302  302  302  404  in
datasets:home                         GET   /datasets/                                                   -                 200  200  403  403  200  in
datasets:upload                       POST  /datasets/new/                                               -                 422  422  403  403  422  in
datasets:gather                       POST  /datasets/gather/                                            shape=thumbs      302  302  403  403  302  in
datasets:dataset                      GET   /datasets/{dataset}/                                         -                 200  200  403  403  404  in
datasets:state                        GET   /datasets/{dataset}/state/                                   -                 200  200  403  403  404  in
datasets:columns                      GET   /datasets/{dataset}/columns/                                 -                 302  302  403  403  404  in
datasets:columns                      POST  /datasets/{dataset}/columns/                                 form=pair         302  302  403  403  404  in
datasets:keep                         POST  /datasets/{dataset}/keep/                                    -                 302  302  403  403  404  in
datasets:stop                         POST  /datasets/{dataset}/stop/                                    -                 302  302  403  403  404  in
datasets:rename                       POST  /datasets/{dataset}/name/                                    name=New          302  302  403  403  404  in
datasets:inspect                      POST  /datasets/{dataset}/inspect/                                 max_length=512    302  302  403  403  404  in
datasets:mask                         POST  /datasets/{dataset}/mask/                                    -                 302  302  403  403  404  in
datasets:freeze                       POST  /datasets/{dataset}/freeze/                                  share=10          302  302  403  403  404  in
datasets:freeze                       POST  /datasets/{dataset}/freeze/                                  share=99          422  422  403  403  404  in
datasets:archive                      POST  /datasets/{dataset}/archive/                                 archived=1        302  302  403  403  404  in
datasets:delete                       POST  /datasets/{dataset}/delete/                                  -                 302  302  403  403  404  in
datasets:download                     GET   /datasets/{dataset}/versions/1/train.jsonl                   -                 200  200  403  403  404  in
datasets:download                     GET   /datasets/{dataset}/versions/1/lock.jsonl                    -                 404  404  403  403  404  in
datasets:download                     GET   /datasets/{dataset}/versions/2/train.jsonl                   -                 404  404  403  403  404  in
datasets:rows                         GET   /datasets/{dataset}/rows/                                    -                 200  200  403  403  404  in
datasets:review-all                   POST  /datasets/{dataset}/rows/review/                             verdict=rejected  302  302  403  403  404  in
datasets:row                          GET   /datasets/{dataset}/rows/1/                                  -                 200  200  403  403  404  in
datasets:row                          GET   /datasets/{dataset}/rows/999/                                -                 404  404  403  403  404  in
datasets:row                          POST  /datasets/{dataset}/rows/1/                                  messages-0=Hi&messages-1=Ho 302  302  403  403  404  in
datasets:row                          POST  /datasets/{dataset}/rows/1/                                  messages-0=Hi     422  422  403  403  404  in
datasets:review                       POST  /datasets/{dataset}/rows/1/review/                           review=rejected   302  302  403  403  404  in
datasets:turns                        POST  /datasets/{dataset}/rows/1/turns/                            change=add-0      200  200  403  403  404  in
datasets:tokens                       GET   /datasets/{dataset}/rows/1/tokens/                           -                 200  200  403  403  404  in
datasets:dataset                      GET   /datasets/{nowhere}/                                         -                 404  404  404  404  404  in

catalog:home                          GET   /models/                                             -                 200  200  403  403  200  in
runs:home                             GET   /runs/                                               -                 200  200  403  403  200  in
runs:new                              GET   /runs/new/                                           -                 200  200  403  403  200  in
runs:new                              POST  /runs/new/                                           name=Tales        422  422  403  403  422  in
runs:upload                           POST  /runs/new/files/                                     -                 422  422  403  403  422  in
runs:corpora                          GET   /runs/new/files/list/                                -                 200  200  403  403  200  in
runs:delete-corpus                    POST  /runs/files/{corpus}/delete/                         -                 302  302  403  403  404  in
runs:run                              GET   /runs/{run}/                                         -                 200  200  403  403  404  in
runs:config                           GET   /runs/{run}/config.json                              -                 200  200  403  403  404  in
runs:log                              GET   /runs/{run}/log.txt                                  -                 404  404  403  403  404  in
runs:log-more                         GET   /runs/{run}/log/                                       -                 204  204  403  403  404  in
runs:tokens                           POST  /runs/{run}/tokens/                                  text=Hello        200  200  403  403  404  in
runs:stop                             POST  /runs/{run}/stop/                                    -                 302  302  403  403  404  in
runs:resume                           POST  /runs/{run}/resume/                                  -                 302  302  403  403  404  in
runs:delete                           POST  /runs/{run}/delete/                                  -                 302  302  403  403  404  in
runs:teach                            GET   /runs/teach/                                         -                 200  200  403  403  200  in
runs:teach                            POST  /runs/teach/                                         name=Tales        422  422  403  403  422  in
runs:start                            POST  /runs/{run}/start/                                   -                 302  302  403  403  404  in
runs:estimate                         POST  /runs/{run}/estimate/                                -                 302  302  403  403  404  in
runs:judge                            GET   /runs/{run}/judge/                                   -                 404  404  403  403  404  in
runs:judge                            POST  /runs/{run}/judge/                                   choice=left       404  404  403  403  404  in
runs:run                              GET   /runs/{nowhere}/                                     -                 404  404  404  404  404  in

serving:home                          GET   /serving/                                            -                 200  200  403  403  200  in
serving:new                           GET   /serving/new/?adapter={adapter}                      -                 200  200  403  403  404  in
serving:new                           POST  /serving/new/?adapter={adapter}                      name=Support      422  422  403  403  404  in
serving:new                           GET   /serving/new/?run={run}                              -                 302  302  403  403  404  in
serving:new                           GET   /serving/new/?run={nowhere}                          -                 404  404  403  403  404  in
serving:model                         GET   /serving/models/{model}/                             -                 200  200  403  403  404  in
serving:model                         POST  /serving/models/{model}/                             name=New          422  422  403  403  404  in
serving:state                         GET   /serving/models/{model}/state/                       -                 200  200  403  403  404  in
serving:promote                       POST  /serving/models/{model}/promote/                     -                 302  302  403  403  404  in
serving:roll-back                     POST  /serving/models/{model}/roll-back/                   -                 302  302  403  403  404  in
serving:take-out                      POST  /serving/models/{model}/take-out/                    -                 302  302  403  403  404  in
serving:delete                        POST  /serving/models/{model}/delete/                      -                 302  302  403  403  404  in
serving:model                         GET   /serving/models/{nowhere}/                           -                 404  404  404  404  404  in
serving:upload                        POST  /serving/adapters/                                   -                 422  422  403  403  422  in
serving:adapter                       GET   /serving/adapters/{adapter}/                         -                 200  200  403  403  404  in
serving:adapter-state                 GET   /serving/adapters/{adapter}/state/                   -                 200  200  403  403  404  in
serving:download                      GET   /serving/adapters/{adapter}/adapter.zip              -                 404  404  403  403  404  in
serving:merge                         POST  /serving/adapters/{adapter}/merge/                   -                 302  302  403  403  404  in
serving:unmerge                       POST  /serving/adapters/{adapter}/unmerge/                 -                 302  302  403  403  404  in
serving:merged                        GET   /serving/adapters/{adapter}/model.zip                -                 404  404  403  403  404  in
serving:delete-adapter                POST  /serving/adapters/{adapter}/delete/                  -                 302  302  403  403  404  in
serving:adapter                       GET   /serving/adapters/{nowhere}/                         -                 404  404  404  404  404  in
"""  # noqa: E501

SOCKETS = """
ws/chat/<uuid:conversation_id>/   /ws/chat/{private}/   open 4404 4404 4404 4404 4401
ws/chat/<uuid:conversation_id>/   /ws/chat/{shared}/    open open open open 4404 4401
ws/chat/<uuid:conversation_id>/   /ws/chat/{nowhere}/   4404 4404 4404 4404 4404 4401
ws/chat/new/<int:team_id>/<uuid:conversation_id>/   /ws/chat/new/{team}/{nowhere}/   open open open 4404 4404 4401
ws/chat/new/<int:team_id>/<uuid:conversation_id>/   /ws/chat/new/{team}/{private}/   open open open 4404 4404 4401
ws/ask/<uuid:conversation_id>/      /ws/ask/{passage}/        open open open open 4404 4401
ws/ask/<uuid:conversation_id>/      /ws/ask/{shared}/         4404 4404 4404 4404 4404 4401
ws/analyze/<uuid:conversation_id>/  /ws/analyze/{analysis}/   open open open open 4404 4401
ws/analyze/<uuid:conversation_id>/  /ws/analyze/{shared}/     4404 4404 4404 4404 4404 4401
ws/chat/<uuid:conversation_id>/   /ws/chat/{deleted}/   4404 4404 4404 4404 4404 4401
ws/list/                          /ws/list/             open open open open open 4401
ws/runs/<uuid:run_id>/            /ws/runs/{run}/       open open 4404 4404 4404 4401
ws/write/<uuid:conversation_id>/          /ws/write/{text}/                     open 4404 4404 4404 4404 4401
ws/write/<uuid:conversation_id>/          /ws/write/{shared_text}/              open open open open 4404 4401
ws/write/<uuid:conversation_id>/          /ws/write/{shared}/                   4404 4404 4404 4404 4404 4401
ws/translate/new/<int:team_id>/           /ws/translate/new/{team}/             open open open 4404 4404 4401
ws/translate/<uuid:conversation_id>/      /ws/translate/{translation}/          open 4404 4404 4404 4404 4401
ws/translate/<uuid:conversation_id>/      /ws/translate/{shared_translation}/   open open open open 4404 4401
ws/translate/<uuid:conversation_id>/      /ws/translate/{shared}/               4404 4404 4404 4404 4404 4401
"""


@dataclass(frozen=True)
class Route:
    name: str
    method: str
    path: str
    data: dict[str, str]
    answers: tuple[str, ...] = field(repr=False)


def read(table: str) -> list[Route]:
    routes = []
    for line in filter(None, table.splitlines()):
        name, method, path, data, *answers = line.split()
        assert len(answers) == len(PEOPLE), line
        values = dict(pair.split("=") for pair in data.split("&") if "=" in pair)
        routes.append(Route(name, method, path, values, tuple(answers)))
    return routes


ROUTES = read(TABLE)
WAYS_IN = [(pattern, path, answers) for pattern, path, *answers in map(str.split, SOCKETS.strip().splitlines())]


def talk(author: User, text: str, *, shared: bool) -> Conversation:
    """A conversation with one question and its reply."""
    team = author.memberships.get().team
    conversation = services.create_conversation(team=team, author=author, shared=shared)
    question = services.post_message(conversation=conversation, author=author, text=text)
    services.stop(conversation=conversation)
    assert question.children.get().status == Status.STOPPED
    return conversation


def translation(author: User, *, shared: bool) -> Conversation:
    team, asked = author.memberships.get().team, ask("42", source="en", target="de")
    conversation = translate.start(team=team, author=author, asked=asked)
    services.share(conversation=conversation, shared=shared)
    return conversation


def passage(author: User) -> Conversation:
    team = author.memberships.get().team
    conversation = asking.ask(team=team, author=author, passage="Owls eat mice.", question="What do owls eat?")
    services.share(conversation=conversation, shared=True)
    return conversation


def analysis(author: User) -> Conversation:
    """Of two lines; the first has its label."""
    team = author.memberships.get().team
    conversation = analyzing.analyze(team=team, author=author, table=lines("Good\nBad"), text="Good\nBad")
    Row.objects.filter(analysis=conversation.pk, number=1).update(label="positive", confidence=0.9)
    services.share(conversation=conversation, shared=True)
    return conversation


def dataset(team: Team) -> Dataset:
    """With rows and a version of them."""
    made = Dataset.objects.create(team=team, name="Teas", status=Stage.READY, job=Job.NONE)
    said = [[{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": f"{n * 7919}."}] for n in range(9)]
    Example.objects.bulk_create(
        Example(dataset=made, number=n, values={"messages": turns}) for n, turns in enumerate(said, start=1)
    )
    freezing.freeze(made)
    return made


@dataclass
class House:
    """The cast, by column, and what stands in the addresses."""

    people: dict[str, User | None]
    ids: dict[str, str | int | UUID]


@pytest.fixture
def house(alice: User, anna: User, bob: User, victor: User, charlie: User) -> House:
    private, shared = talk(alice, "A secret", shared=False), talk(alice, "For all", shared=True)
    deleted = talk(alice, "Thrown away", shared=True)
    keeping.delete(conversation=deleted)
    invitation, link = accounts.invite(by=alice.memberships.get(), role=Role.MEMBER)
    team = alice.memberships.get().team
    corpus = Corpus.objects.create(team=team, author=alice, name="tales.txt")
    run = TrainingRun.objects.create(team=team, author=alice, name="Tales", config={})
    translations = [translation(alice, shared=False), translation(alice, shared=True)]
    texts = [write(alice, shared=False), write(alice, shared=True)]
    ids = {
        "passage": passage(alice).pk,
        "analysis": analysis(alice).pk,
        "text": texts[0].pk,
        "shared_text": texts[1].pk,
        "text_version": texts[0].leaf_id,
        "shared_version": texts[1].leaf_id,
        "translation": translations[0].pk,
        "shared_translation": translations[1].pk,
        "team": alice.memberships.get().team_id,
        "member": bob.memberships.get().pk,
        "invitation": invitation.pk,
        "token": link.rstrip("/").rsplit("/", 1)[1],
        "private": private.pk,
        "private_reply": private.messages.get(role=Author.ASSISTANT).pk,
        "private_question": private.messages.get(role=Author.USER).pk,
        "shared": shared.pk,
        "shared_reply": shared.messages.get(role=Author.ASSISTANT).pk,
        "shared_question": shared.messages.get(role=Author.USER).pk,
        "endpoint": Endpoint.objects.create(team=team, name="Other", url="http://127.0.0.1:9").pk,
        "corpus": corpus.pk,
        "adapter": Adapter.objects.create(team=team, author=alice, name="teas").pk,
        "model": serving.create_model(team=team, name="Support", teams=[team]).pk,
        "dataset": dataset(team).pk,
        "run": run.pk,
        "deleted": deleted.pk,
        "nowhere": uuid4(),
    }
    people = [alice, anna, bob, victor, charlie, None]
    return House(dict(zip(PEOPLE, people, strict=True)), ids)


def answer_to(client: Client, route: Route, path: str) -> str:
    """The status, or "in" for a redirect to the sign-in page that comes back here."""
    response = client.generic(route.method, path) if route.method == "GET" else client.post(path, route.data)
    if response.streaming:
        response.getvalue()  # a file is closed when it was read
    to_sign_in = response.status_code == 302 and response.url.startswith("/account/login/?next=")
    return "in" if to_sign_in else str(response.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_answers_everybody_as_the_table_says(route: Route, house: House) -> None:
    path = route.path.format(**house.ids)
    answers = []
    for user in house.people.values():
        client = client_of(user)
        with transaction.atomic():
            answers.append(answer_to(client, route, path))
            transaction.set_rollback(True)  # each finds the house as it was
    assert dict(zip(PEOPLE, answers, strict=True)) == dict(zip(PEOPLE, route.answers, strict=True))


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda route: route.path)
def test_a_link_cannot_do_what_needs_a_button(route: Route, house: House) -> None:
    if ("GET", route.name) not in {(other.method, other.name) for other in ROUTES}:
        response = client_of(house.people["alice"]).get(route.path.format(**house.ids))
        assert response.status_code == (302 if route.name == "set-language" else 405)


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda route: route.path)
def test_no_other_site_can_press_a_button_for_somebody(route: Route, house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.people["alice"])
    assert client.post(route.path.format(**house.ids), route.data).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "answers"), [way[1:] for way in WAYS_IN])
async def test_a_socket_answers_everybody_as_the_table_says(
    path: str, answers: list[str], house: House, look: Look
) -> None:
    found = [await look(user, path.format(**house.ids)) for user in house.people.values()]
    assert dict(zip(PEOPLE, [tab.way_in for tab in found], strict=True)) == dict(zip(PEOPLE, answers, strict=True))


def names_in(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from names_in(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern} has no name"
            yield namespace + entry.name


def test_every_route_is_in_the_table_and_nothing_else() -> None:
    assert set(names_in(get_resolver())) == {route.name for route in ROUTES}


def test_every_socket_is_in_the_table_and_nothing_else() -> None:
    assert {str(socket.pattern) for socket in sockets} == {pattern for pattern, *_ in WAYS_IN}
