"""Which module answers which word. Help reads this table, so that it imports no command."""

from __future__ import annotations

# Program or noun -> (module, name in it, a line of help).
NOUNS = {
    "print": ("cli.print", "app", "the records of disk groups, as tables of the original"),
    "dg": (
        "cli.dg",
        "app",
        "disk groups: list, init, adddisk, rmdisk, import, deport, recover, destroy",
    ),
    "disk": (
        "cli.disk",
        "app",
        "devices: list, init, online, offline, rm, scandisks, clearimport",
    ),
    "volume": (
        "cli.volume",
        "app",
        "volumes: list, make, grow, shrink, mirror, move, start, stop, set, remove",
    ),
    "plex": ("cli.plex", "app", "plexes: att, dis, det, cp, mv"),
    "edit": ("cli.edit", "app", "records: set words, rename, cc, rm"),
    "tree": ("cli.tree", "app", "disk groups, volumes, plexes and subdisks as a tree"),
    "get": ("cli.state", "get_app", "one object, all fields"),
    "state": ("cli.state", "state_app", "the whole state as one document, and its digest"),
    "status": ("cli.state", "status_app", "how the node is, worst first"),
    "log": ("cli.history", "log_app", "commits, one a line"),
    "show": ("cli.history", "show_app", "one commit, whole"),
    "diff": ("cli.history", "diff_app", "what differs between two moments"),
    "blame": ("cli.history", "blame_app", "who gave an object what it has"),
    "trace": ("cli.trace", "app", "what a commit goes back to, and what came of it"),
    "bisect": ("cli.bisect", "app", "the first commit at which a command finds a fault"),
    "tag": ("cli.tag", "app", "names for commits: set, list, delete"),
    "revert": ("cli.wayback", "revert_app", "take back what one commit did"),
    "restore": ("cli.wayback", "restore_app", "make all, or one object, what it was at a moment"),
    "undo": ("cli.wayback", "undo_app", "take back the last change, or the last N"),
    "redo": ("cli.wayback", "redo_app", "take back the last undo"),
    "confirm": ("cli.wayback", "confirm_app", "let a change stay that was made for a time"),
    "what-if": ("cli.plan", "what_if_app", "what a change would do, or would have done"),
    "plan": ("cli.plan", "plan_app", "what a list of commands would do as one change"),
    "apply": ("cli.plan", "apply_app", "carry out a list of commands as one change"),
    "cmdlog": ("cli.translog", "cmdlog_app", "the log as command lines, as the original has it"),
    "translog": ("cli.translog", "translog_app", "the log as transactions of the original"),
    "export": ("cli.export", "app", "the log as lines of JSON"),
    "watch": ("cli.watch", "watch_app", "every commit as it comes"),
    "notify": ("cli.watch", "notify_app", "events as they come, in the words of the original"),
    "verify": ("cli.verify", "app", "is the log what was written?"),
    "head": ("cli.head", "app", "where the logs end, signed and witnessed"),
    "bundle": ("cli.bundle", "app", "a slice of the logs in one file: create, open, verify"),
    "knew": ("cli.history", "knew_app", "what a node had applied at a moment"),
    "outcome": ("cli.history", "outcome_app", "what became of a request"),
    "ctl": ("cli.ctl", "app", "the daemon, in the original's words: mode, enable, disable, list"),
    "cluster": (
        "cli.cluster",
        "app",
        "the cluster's nodes: nidmap, nodestate, startnode, stopnode, setmaster, add, remove",
    ),
    "quarantine": ("cli.quarantine", "app", "a log that is another one: list, set-aside"),
    "config": ("cli.config", "app", "the settings of a home, and where they come from"),
    "explain": ("cli.explain", "app", "what a message means, and what to do"),
    "doctor": ("cli.doctor", "app", "what is wrong here, and how to mend it"),
    "redact": ("cli.redact", "app", "take who asked, and how, out of a commit, for good"),
    "retention": ("cli.retention", "app", "the rule by which nodes archive: show, set"),
    "archive": ("cli.archive", "app", "keep old commits: list, verify, to, status, detach"),
    "find": ("cli.fleet", "find_app", "an object in all clusters of an archive"),
    "backup": ("cli.backup", "app", "copy the log while it is written, and bring it back"),
    "store": ("cli.store", "app", "where a log is kept: copy to and from a database, migrate"),
    "rehearse": (
        "cli.rehearse",
        "app",
        "try a log with this program, and compare",
    ),
    "report": ("cli.report", "app", "what happened, as a page to hand on: html"),
    "import": ("cli.takeover", "app", "take over what vxprint of another system printed"),
    "completion": ("cli.completion", "script_app", "what makes a shell complete words and names"),
    "complete": ("cli.completion", "answer_app", "what a word may become, for the shell"),
    "lab": ("cli.lab", "app", "a cluster on one machine"),
}

# The classic names, and the noun that each is.
CLASSIC = {
    "vxprint": "print",
    "vxdg": "dg",
    "vxdisk": "disk",
    "vxassist": "volume",
    "vxvol": "volume",
    "vxplex": "plex",
    "vxedit": "edit",
    "vxnotify": "notify",
    "vxdctl": "ctl",
    "vxclustadm": "cluster",
    "vxcmdlog": "cmdlog",
    "vxtranslog": "translog",
}

# Two programs of the original share a noun here: which verbs are whose.
CLASSIC_VERBS = {
    "vxassist": (
        *("make", "growto", "growby", "shrinkto", "shrinkby", "mirror", "remove"),
        *("move", "addlog", "maxsize", "maxgrow"),
    ),
    "vxvol": (
        *("start", "stop", "startall", "stopall", "init"),
        *("set", "rdpol", "maint", "resync"),
    ),
}
