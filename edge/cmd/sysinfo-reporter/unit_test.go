package main

import (
	"os"
	"strings"
	"testing"
)

// oldest is the systemd that the unit has to work with.
const oldest = 232

// since is the version of systemd, by its NEWS, that brought each setting of the
// unit; 0 are those from before 187.
var since = map[string]int{
	"Unit.Description": 0, "Unit.Documentation": 0, "Unit.After": 0, "Install.WantedBy": 0,
	"Service.EnvironmentFile": 0, "Service.ExecStart": 0, "Service.ExecStartPre": 0, "Service.Restart": 0, "Service.RestartSec": 0,
	"Service.Nice": 0, "Service.UMask": 0, "Service.CapabilityBoundingSet": 0,
	"Service.NoNewPrivileges": 187, "Service.SystemCallFilter": 187, "Service.TimeoutStopSec": 188,
	"Service.PrivateDevices": 209, "Service.SystemCallArchitectures": 209, "Service.SystemCallErrorNumber": 209,
	"Service.RestrictAddressFamilies": 211, "Service.ProtectSystem": 214,
	"Service.MemoryMax": 231, "Service.MemoryDenyWriteExecute": 231, "Service.RestrictRealtime": 231,
	"Service.DynamicUser": 232, "Service.ProtectControlGroups": 232, "Service.ProtectKernelModules": 232, "Service.ProtectKernelTunables": 232,
	"Service.RestrictNamespaces": 233, "Service.StateDirectory": 235, "Service.LockPersonality": 235,
	"Service.ProtectHostname": 242, "Service.RestrictSUIDSGID": 242,
}

// spared are the settings that the service does as well without: an older systemd
// says in its log that it does not know them, and goes on.
var spared = map[string]string{
	"Service.RestrictNamespaces": "takes away what the reporter never asks for",
	"Service.LockPersonality":    "takes away what the reporter never asks for",
	"Service.ProtectHostname":    "takes away what the reporter never asks for",
	"Service.RestrictSUIDSGID":   "takes away what the reporter never asks for",
	"Service.StateDirectory":     "ExecStartPre makes the folder",
}

// sinceValue is the same for the words of a value that are no older than their
// setting. An older systemd does not pass over these: it refuses the unit, or takes
// the list for another.
var sinceValue = map[string]int{
	"@cpu-emulation": 231, "@debug": 231, "@keyring": 231, "@module": 231, "@mount": 231, "@obsolete": 231, "@raw-io": 231,
	"@clock": 231, "@privileged": 231, "@process": 231, "@basic-io": 231, "@io-event": 231, "@ipc": 231, "@network-io": 231, "@default": 231,
	"strict":     232,
	"@resources": 233, "@file-system": 234, "@reboot": 235, "@swap": 235, "@aio": 236, "@sync": 236, "@chown": 236, "@timer": 236, "@setuid": 236,
	"@signal": 236, "@memlock": 239, "@system-service": 239, "@pkey": 248, "@known": 248, "@sandbox": 250,
}

// tooNew returns what of the unit an old systemd would not know.
func tooNew(unit string) (wrong []string) {
	section := ""
	for _, line := range strings.Split(unit, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			section = strings.Trim(line, "[]")
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		name = section + "." + name
		version, known := since[name]
		switch {
		case !known:
			wrong = append(wrong, name+" is not in the table: since which systemd is it known?")
		case version > oldest && spared[name] == "":
			wrong = append(wrong, name+" is too new")
		}
		for _, word := range strings.Fields(strings.TrimPrefix(value, "~")) {
			version, known := sinceValue[word]
			if !known && word[0] == '@' || version > oldest {
				wrong = append(wrong, name+"="+word+" is too new, or unknown")
			}
		}
		// What may stand before a command: ! and : came later than - and @, + in 231.
		if command := value; strings.HasPrefix(name, "Service.Exec") && command != "" && strings.ContainsRune("!:|", rune(command[0])) {
			wrong = append(wrong, name+" has a prefix that is too new")
		}
	}
	return wrong
}

// The unit works from systemd 232 on: no such systemd is to be had here, so each of
// its words is held to the version that brought it.
func TestUnitIsNotTooNew(t *testing.T) {
	b, err := os.ReadFile("../../systemd/sysinfo-reporter.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := string(b)
	if wrong := tooNew(unit); len(wrong) > 0 {
		t.Errorf("systemd %d: %s", oldest, strings.Join(wrong, "; "))
	}
	if !strings.Contains(unit, "\nExecStartPre=+/bin/mkdir -p /var/lib/sysinfo-reporter\n") {
		t.Error("nothing makes the folder of values where StateDirectory is unknown")
	}
	for added, want := range map[string]string{
		"ProtectClock=yes":                   "Service.ProtectClock is not in the table",
		"SystemCallFilter=@system-service":   "SystemCallFilter=@system-service is too new",
		"SystemCallFilter=~@module @unheard": "@unheard is too new, or unknown",
		"ExecStartPre=!/bin/true":            "prefix",
	} {
		wrong := strings.Join(tooNew(strings.Replace(unit, "[Install]", added+"\n[Install]", 1)), "; ")
		if !strings.Contains(wrong, want) {
			t.Errorf("with %s: %q, want %q", added, wrong, want)
		}
	}
}
