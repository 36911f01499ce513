// Groups out of the log: each record says all of a group but its offsets, the last one counts.

import { ZERO_UUID } from '../model/uuid.ts'
import type { GroupMetadataValue } from '../wire/generated/group-records.ts'
import type { Group } from './group.ts'
import type { GroupMachineOptions } from './group-border.ts'
import type { Rebalances } from './rebalance.ts'

/** Back to a group that nothing is known of but its offsets. */
export function unloadGroup(group: Group): void {
  for (const member of [...group.members.values()]) group.remove(member)
  group.state = 'Empty'
  group.generation = 0
  group.protocolType = null
  group.protocolName = null
  group.leaderId = null
  group.stateSinceMs = -1
  group.noteSubscriptions()
}

export function loadGroup(group: Group, value: GroupMetadataValue, rebalances: Rebalances): void {
  group.generation = value.generation
  group.protocolType = value.protocolType === '' ? null : value.protocolType
  group.protocolName = value.protocol
  group.stateSinceMs = value.currentStateTimestamp
  for (const each of value.members) {
    const member = rebalances.newMember(group, {
      id: each.memberId,
      instanceId: each.groupInstanceId,
      clientId: each.clientId,
      clientHost: each.clientHost,
      rebalanceTimeoutMs: each.rebalanceTimeout < 0 ? each.sessionTimeout : each.rebalanceTimeout,
      sessionTimeoutMs: each.sessionTimeout,
      protocols: [{ name: value.protocol ?? '', metadata: each.subscription }],
    })
    member.assignment = each.assignment
    group.add(member)
  }
  if (value.leader !== null && group.members.has(value.leader)) group.leaderId = value.leader
  if (group.members.size > 0) group.state = 'Stable'
  group.noteSubscriptions()
}

/** A session for each member; offsets of before there were topic ids are taken to be of the topic that there is now. */
export function startLoadedGroup(
  group: Group,
  rebalances: Rebalances,
  { settings, topics }: GroupMachineOptions,
): void {
  for (const member of group.members.values()) rebalances.renewSession(member)
  group.offsets.forEachLatest((topic, partition, value) => {
    const topicId = topics.idOf(topic)
    if (value?.topicId === ZERO_UUID && topicId !== undefined)
      group.offsets.load({ topic, partition, value: { ...value, topicId } })
  })
  if (group.members.size > settings.groupMaxSize) rebalances.prepare(group, 'it is larger than groups may be now')
}
