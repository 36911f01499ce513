// The results of librdkafka's suite as a text, with what is known of each test that does not pass.

/** What a test cannot do without, by the beginning of its name. */
const NEEDS = {
  '0077_compaction': 'log compaction',
  '0081_admin do_test_AlterConfigs': 'configs of a broker that are altered while it runs',
  '0081_admin do_test_IncrementalAlterConfigs': 'configs of a broker that are altered while it runs',
  '0081_admin do_test_CreateAcls': 'an authorizer',
  '0081_admin do_test_DescribeAcls': 'an authorizer',
  '0081_admin do_test_DeleteAcls': 'an authorizer',
  '0081_admin do_test_UserScramCredentials': 'SASL: DescribeUserScramCredentials, AlterUserScramCredentials',
  '0098_consumer_txn': 'three brokers, and transactions',
  '0101_fetch_from_follower': 'three brokers',
  '0103_transactions': 'three brokers, and transactions',
  '0107_topic_recreate': 'three brokers',
  '0109_auto_create_topics': 'an authorizer',
  '0111_delay_create_topics': 'three brokers',
  '0115_producer_auth': 'an authorizer',
  '0119_consumer_auth': 'an authorizer',
  '0129_fetch_aborted_msgs': 'transactions',
  '0137_barrier_batch_consume': 'transactions',
  '0139_offset_validation_mock': "no broker, but more time: it runs against librdkafka's own mock",
}

export function counts(results) {
  const outcomes = Object.values(results).map(({ outcome }) => outcome)
  return [...new Set(outcomes)].map((each) => `${outcomes.filter((one) => one === each).length} ${each}`).join(', ')
}

export function findings(results, baseline, broker) {
  const names = (outcome) => Object.keys(results).filter((name) => results[name].outcome === outcome)
  const bad = [...names('failed'), ...names('timeout')]
  const isDifferent = (name) => baseline[name]?.outcome === 'passed'
  const differ = bad.filter(isDifferent)
  const alike = bad.filter((name) => !isDifferent(name))
  return [
    `# librdkafka's test suite against ${broker}`,
    `${counts(results)}. Against Apache Kafka: ${counts(baseline)}.`,
    `## Passed there, not here: ${differ.length}`,
    rows(differ, (name) => `${need(name)}${results[name].why}`),
    `## Passed neither here nor there: ${alike.length}`,
    rows(alike, (name) => need(name) || results[name].why),
    `## Skipped: ${names('skipped').length}`,
    rows(names('skipped'), (name) => results[name].why),
    `## Passed: ${names('passed').length}`,
    `${names('passed').join(', ')}\n`,
  ].join('\n\n')
}

function need(name) {
  const key = Object.keys(NEEDS).find((prefix) => name.startsWith(prefix))
  return key === undefined ? '' : `needs ${NEEDS[key]}. `
}

function rows(names, why) {
  return names.length === 0 ? 'None.' : names.map((name) => `- \`${name}\` ${why(name)}`.trimEnd()).join('\n')
}
