"""The built-in classification table: what an alert's name says, where no own rule decides.

The table is the contract of the earlier service, TN-062; the recommended actions are ours.
"""

from __future__ import annotations

from functools import lru_cache

from alerts.alert import Alert, Status
from alerts.decision import Classification, Judge, Severity

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING

_ROWS: tuple[tuple[str, str, Severity, str, float, tuple[str, ...]], ...] = (
    ("node_down", "NodeDown InstanceDown node_down", CRITICAL, "infrastructure", 0.8,
     ("Check whether the host answers", "Look at its console and power", "Move its work elsewhere")),
    ("node_not_ready", "NodeNotReady KubernetesNodeNotReady", CRITICAL, "kubernetes", 0.8,
     ("kubectl describe node", "Check the kubelet and its disk", "Cordon and drain the node")),
    ("disk_full", "DiskFull disk_full FilesystemFull", CRITICAL, "storage", 0.75,
     ("Find what grew", "Delete or move old files", "Enlarge the volume")),
    ("high_cpu", "HighCPU CPUThrottling cpu_high", WARNING, "resource", 0.7,
     ("Find the busiest process", "Compare with the last deployment", "Add capacity or raise the limit")),
    ("high_memory", "HighMemory MemoryPressure memory_high OOM", WARNING, "resource", 0.7,
     ("Find what holds the memory", "Look for a leak since the last deployment", "Raise the limit")),
    ("high_io", "HighIO DiskIO io_wait", WARNING, "performance", 0.65,
     ("Find the process that reads or writes", "Check the disk's health", "Spread the load")),
    ("error_rate", "HighErrorRate ErrorRate errors_high", WARNING, "application", 0.7,
     ("Read the newest errors in the log", "Compare with the last deployment", "Roll back if they match")),
    ("unavailable", "ServiceUnavailable EndpointDown TargetDown", CRITICAL, "availability", 0.75,
     ("Check whether the process runs", "Check its load balancer and DNS", "Restart or fail over")),
    ("high_latency", "HighLatency SlowResponse ResponseTimeSlow", WARNING, "performance", 0.65,
     ("Find the slow dependency", "Check saturation of CPU, disk and pools", "Add capacity")),
    ("database_down", "DatabaseDown DBConnectionFailed PostgresDown MySQLDown", CRITICAL, "database", 0.8,
     ("Check whether the database runs", "Check connections and disk", "Fail over to the replica")),
    ("slow_query", "SlowQuery QueryLatency DBSlow", WARNING, "database", 0.65,
     ("Find the query", "Look at its plan and indexes", "Check for locks")),
    ("security", "SecurityViolation UnauthorizedAccess BruteForce", CRITICAL, "security", 0.85,
     ("Call the security team", "Keep the evidence", "Block the source")),
    ("certificate", "CertificateExpiring CertExpiry TLSExpiring", WARNING, "security", 0.7,
     ("Check the end date", "Renew the certificate", "Check why renewal failed")),
    ("network_down", "NetworkDown ConnectivityLoss PacketLoss", CRITICAL, "network", 0.75,
     ("Check links and routes", "Ask the provider", "Move traffic to another path")),
    ("restarts", "PodRestarting ContainerRestart CrashLoopBackOff", WARNING, "kubernetes", 0.7,
     ("kubectl logs --previous", "Check limits and probes", "Compare with the last deployment")),
    ("backup", "BackupFailed BackupJobFailed", WARNING, "operations", 0.7,
     ("Read the job's log", "Check space and credentials", "Run it again")),
)  # fmt: skip

_FOUND = tuple(
    Classification(severity, category, confidence, Judge.RULES, name, actions)
    for name, _, severity, category, confidence, actions in _ROWS
)
_WORDS = tuple(tuple(words.lower().split()) for _, words, *_ in _ROWS)
_DISK_FULL, _ERROR_RATE, _SECURITY = 2, 6, 11
_NONE = len(_ROWS)


@lru_cache(maxsize=16384)
def _row(name: str, status: Status) -> int:
    """The first row whose words are in the alert's name; `_NONE` if none is."""
    lowered = name.lower()
    for row, words in enumerate(_WORDS):
        if any(word in lowered for word in words) and (row != _DISK_FULL or status is Status.FIRING):
            return row
    return _NONE


def by_table(alert: Alert) -> Classification | None:
    """What the built-in table takes the alert for; None if no row matches."""
    row = _row(alert.name, alert.status)
    if row > _ERROR_RATE and "error rate" in alert.annotations.get("description", "").lower():
        row = _ERROR_RATE
    if row > _SECURITY and alert.labels.get("type", "").lower() == "security":
        row = _SECURITY
    return None if row == _NONE else _FOUND[row]
