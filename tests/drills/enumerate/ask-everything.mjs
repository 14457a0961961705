// Sabotage: a membership filter that lets everything through. Loaded before the service.
const { MembershipFilter } = await import('../../../service/results/membership-filter.ts');
MembershipFilter.prototype.mayContain = () => true;
