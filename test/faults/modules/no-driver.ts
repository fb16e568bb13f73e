/** Everything of a driver but `open`. */
export default { name: 'none', dialect: 'sqlite', capabilities: {}, toWireError: () => ({}) }
