package main

import (
	"fmt"
	"strings"
)

// checkTopic returns an error unless edgecore forwards what is published to
// the topic. It does so without a Rule for <any>/user/<any>, and for two
// topics of its own.
func checkTopic(topic string) error {
	bad := func(bound string) error { return fmt.Errorf("--topic %.300q: must be %s", topic, bound) }
	switch {
	case topic == "" || len(topic) > 256:
		return bad("of 1 to 256 bytes")
	case strings.ContainsAny(topic, "+#\x00"):
		return bad("without wildcards")
	case topic == "SYS/dis/upload_records", strings.HasPrefix(topic, "$hw/events/upload/"):
		return nil
	}
	levels := strings.SplitN(topic, "/", 3)
	if !strings.HasPrefix(topic, "$") && len(levels) == 3 && levels[0] != "" && levels[1] == "user" && levels[2] != "" {
		return nil
	}
	like := "sysinfo"
	if last := topic[strings.LastIndexByte(topic, '/')+1:]; !strings.HasPrefix(topic, "$") && last != "" {
		like = last
	}
	return bad(fmt.Sprintf("of the form <any>/user/<any>, such as default/user/%s: edgecore forwards no other topic, save SYS/dis/upload_records", like))
}
