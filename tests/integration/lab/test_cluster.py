"""`vx lab` with three nodes: what can happen to a cluster, from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.lab_processes import NotStarted, running
from tests.support.clusters import Cluster, kill_process, processes_of, running_cluster
from tests.support.json_schema import problems
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """The module's cluster, all of it joined again."""
    shared.lab.monitor.ask({"op": "heal"})
    shared.lab.monitor.ask({"op": "fault"})
    shared.lab.up([], 0, 1)
    return shared


def master(cluster: Cluster) -> str:
    (found,) = (node for node, role in cluster.roles().items() if role == "master")
    return found


def others(cluster: Cluster) -> list[str]:
    return [node for node in cluster.nodes if node != master(cluster)]


def test_all_nodes_begin_with_the_same_log_and_join(cluster: Cluster) -> None:
    firsts = {cluster[node].data("show", "shared@1")["hash"] for node in cluster.nodes}
    assert len(firsts) == 1
    assert sorted(cluster.roles().values()) == ["master", "slave", "slave"]
    wait_until(lambda: len(cluster.heads()) == 1)


def test_a_killed_daemon_leaves_its_node_in_the_cluster(cluster: Cluster) -> None:  # E2
    chief = master(cluster)
    cluster.lab_vx("kill", chief)
    (view,) = cluster.status()["monitor"]["views"]
    assert (view["master"], len(view["nodes"])) == (chief, 3)
    cluster.lab_vx("start", chief)
    cluster.until_roles(**{chief: "master"})


def test_the_next_in_succession_is_master_when_the_masters_node_leaves(
    cluster: Cluster,
) -> None:  # B9
    chief, following = master(cluster), cluster.status()["monitor"]["views"][0]["nodes"][1]
    cluster.lab_vx("leave", chief)
    cluster.until_roles(**{following: "master", chief: "out"})
    cluster.lab_vx("join", chief)
    cluster.until_roles(**{following: "master", chief: "slave"})


def test_a_crashed_node_comes_back_as_another_boot(cluster: Cluster) -> None:
    node = others(cluster)[0]
    before = cluster.lab.monitor.node(node)
    cluster.lab_vx("abort", node)
    assert running(cluster.lab.home(node) / "vxconfigd.pid") is None
    cluster.lab_vx("join", node)
    after = cluster.lab.monitor.node(node)
    assert before is not None
    assert after is not None
    assert before["boot_id"] != after["boot_id"]


def test_the_side_without_a_majority_is_not_in_quorum_until_it_is_healed(
    cluster: Cluster,
) -> None:
    chief = master(cluster)
    assert len(cluster.lab_vx("cut", chief)["cut"]) == 2
    cluster.until_roles(**{chief: "joining"})
    wait_until(lambda: sorted(cluster.roles().values()) == ["joining", "master", "slave"])
    views = {view["nodes"][0]: view["quorate"] for view in cluster.status()["monitor"]["views"]}
    assert views.pop(chief) is False
    assert list(views.values()) == [True]
    cluster.lab_vx("heal")
    wait_until(lambda: sorted(cluster.roles().values()) == ["master", "slave", "slave"])
    wait_until(lambda: len(cluster.heads()) == 1)


def test_another_node_can_be_made_master(cluster: Cluster) -> None:
    node = others(cluster)[0]
    cluster.lab_vx("master", node)
    cluster.until_roles(**{node: "master"})


def test_a_daemon_found_dead_is_started_again_where_that_is_wanted(cluster: Cluster) -> None:
    node = others(cluster)[0]  # E6
    cluster.lab_vx("restart", "on")
    try:
        first = cluster.lab.kill(node)
        cluster.until_roles(**{node: "slave"})
        assert running(cluster.lab.home(node) / "vxconfigd.pid") not in {None, first}
    finally:
        cluster.lab_vx("restart", "off")


def test_views_told_late_and_twice_do_no_harm(cluster: Cluster) -> None:  # G4
    node = others(cluster)[0]
    cluster.lab_vx("fault", "--late", "300", "--doubled", "--reordered", "--node", node)
    cluster.lab_vx("kill", others(cluster)[1])
    cluster.lab_vx("fault", "--off")
    cluster.lab.up([], 0, 1)
    assert sorted(cluster.roles().values()) == ["master", "slave", "slave"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["cut", "node3"],
        ["heal"],
        ["abort", "node3"],
        ["join", "node3"],
        ["leave", "node3"],
        ["fault", "--late", "1"],
        ["fault", "--off"],
        ["restart", "off"],
        ["io", "node3", "busy"],
        ["io", "node3", "end"],
        ["master", "node2"],
        ["leave", "node9"],
    ],
    ids="-".join,
)
def test_what_it_says_as_json_is_what_its_schema_says(
    shared: Cluster, arguments: list[str]
) -> None:
    verb, *rest = arguments
    if arguments == ["master", "node2"] and shared.roles()["node2"] == "master":
        rest = ["node1"]
    done = shared["node1"].run("vx", "lab", verb, str(shared.lab.directory), *rest, "--json")
    document = json.loads(done.out or done.err)
    assert problems(document) == []
    assert document["schema"] == (f"vx.lab.{verb}/v1" if done.code == 0 else "vx.error/v1")
    assert (done.code == 0) == ("node9" not in arguments)


def test_the_original_s_program_shows_and_moves_a_node(cluster: Cluster) -> None:
    node, chief = others(cluster)[0], master(cluster)
    home = cluster[node]
    assert f"{chief:<33}" in home.ok("vxclustadm", "nidmap")
    assert home.ok("vxclustadm", "nidmap").count("Joined: Slave") == 2
    assert "members=0x7" in home.ok("vxclustadm", "-v", "nodestate")
    assert home.data("cluster", "reinit")["nodes"] == list(cluster.nodes)
    home.ok("vxclustadm", "stopnode")
    assert home.ok("vxclustadm", "nodestate") == (
        "state: out of cluster\nreason: user initiated stop\n"
    )
    assert home.ok("vxclustadm", "nidmap") == "Out of cluster: No mapping information available\n"
    assert home.ok("vxdctl", "-c", "mode") == "mode: enabled: cluster inactive\n"
    home.ok("vxclustadm", "-m", "vcs", "-t", "gab", "startnode")
    cluster.until_roles(**{node: "slave"})
    assert home.ok("vxdctl", "-c", "mode") == (
        f"mode: enabled: cluster active - SLAVE\nmaster: {chief}\n"
    )


def test_the_master_can_be_moved_and_a_node_dropped_from_any_node(cluster: Cluster) -> None:
    node, other = others(cluster)
    said = [cluster[node].run("vx", "cluster", "setmaster", other, "--json")]
    cluster.until_roles(**{other: "master"})
    said += [
        cluster[node].run("vx", "cluster", verb, "--json")
        for verb in ("reinit", "stopnode", "startnode", "abortnode")
    ]
    assert [done.code for done in said] == [0, 0, 0, 0, 0], said
    assert [problems(json.loads(done.out)) for done in said] == [[]] * 5
    cluster.until_roles(**{node: "down"})


def test_what_is_shown_names_what_is_wrong(cluster: Cluster) -> None:
    node = others(cluster)[0]
    cluster.lab_vx("cut", node)
    cluster.lab_vx("fault", "--detect", "1")
    shown = cluster[node].vx("lab", "status", str(cluster.lab.directory))
    assert shown.count("do not reach each other") == 2
    assert "not in quorum" in shown
    assert "what happens is found out 1 ms later" in shown


def test_a_node_that_crashed_and_runs_again_says_that_it_is_out(cluster: Cluster) -> None:
    node = others(cluster)[0]
    cluster.lab_vx("abort", node)
    cluster.lab.start(node)
    cluster.until_roles(**{node: "out"})
    (problem,) = cluster[node].data("status")["problems"]
    assert "out of the cluster" in problem["text"]
    cluster[node].ok("vxclustadm", "startnode")
    cluster.until_roles(**{node: "slave"})


def test_a_node_that_listens_for_no_peers_says_so_and_the_others_name_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    chief, node = cluster[master(cluster)], others(cluster)[0]
    cluster.lab.kill(node)
    with monkeypatch.context() as without:
        without.setenv("VX_PEERS_LISTEN", "")
        cluster.lab.start(node)
    try:
        assert "no [peers] listen" in cluster[node].data("status")["problems"][0]["text"]
        wait_until(lambda: f"nothing is heard of {node}" in chief.ok("vx", "status"))
    finally:
        cluster.lab.kill(node)


def test_nothing_is_left_of_a_lab_that_is_half_dead(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        lab = cluster.lab
        cluster.lab_vx("restart", "on")
        monitor = running(lab.monitor.process.pid_file)
        assert monitor is not None
        kill_process(monitor)
        lab.kill("node2")
        (lab.home("node3") / "vxconfigd.pid").unlink()  # nobody remembers that it runs
        assert set(lab.down()) >= {"node1", "node3"}
        assert processes_of(lab.directory) == []
        assert lab.up([], 0, 1) == ["monitor", "node1", "node2", "node3"]
        assert sorted(cluster.roles().values()) == ["master", "slave", "slave"]


def test_a_node_that_does_not_come_up_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        cluster.lab.down()
        (cluster.lab.home("node2") / "tls" / "cert.pem").write_text("no certificate")
        with pytest.raises(NotStarted, match="node2 did not start; it said last") as failure:
            cluster.lab.up([], 0, 1)
        assert "node-cert" in str(failure.value)
        assert processes_of(cluster.lab.directory) == []
